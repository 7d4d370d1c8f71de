import type { PoolSchedule, Weekday } from '../../protocol/api/index.js'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const weekdays: readonly Weekday[] = [
  'sunday',
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
]

/** From when, before, until when, not any more; milliseconds since 1970. */
export interface Interval {
  readonly from: number
  readonly until: number
}

type When = Pick<PoolSchedule, 'at' | 'days' | 'timeZone' | 'holdMinutes'>

/**
 * The times at which a schedule holds that touch `range`. A time of day that a day does not have, because clocks
 * are put forward, comes as much later; one that it has twice comes the first time.
 */
export function occurrences(schedule: When, range: Interval): Interval[] {
  const found: Interval[] = []
  const holdMs = schedule.holdMinutes * minuteMs
  const days = new Set(schedule.days)
  // One day more at each end: the zone's day began or ends up to 14 hours from ours.
  for (let day = floorDay(range.from - holdMs) - dayMs; day < range.until + dayMs; day += dayMs) {
    if (!days.has(weekdays[new Date(day).getUTCDay()] ?? 'sunday')) continue
    const from = instantOf(day, day + timeOfDay(schedule.at), schedule.timeZone)
    if (from < range.until && from + holdMs > range.from) found.push({ from, until: from + holdMs })
  }
  return found
}

/** When the schedule holds now, or else next. */
export function nextOccurrence(schedule: When, now: number): Interval {
  const [next] = occurrences(schedule, { from: now, until: now + 8 * dayMs })
  if (next === undefined) throw new Error('a schedule without a day')
  return next
}

/** Every day of the next year: zones put their clocks at different times, and schedules that lie apart may meet then. */
export const nextYear = (now: number): Interval => ({
  from: floorDay(now),
  until: floorDay(now) + 370 * dayMs,
})

export const overlaps = (one: Interval, other: Interval): boolean =>
  one.from < other.until && other.from < one.until

const floorDay = (time: number) => Math.floor(time / dayMs) * dayMs

function timeOfDay(at: string): number {
  const [hours = 0, minutes = 0] = at.split(':').map(Number)
  return (hours * 60 + minutes) * minuteMs
}

/** The instant at which clocks of a zone show the time of day `wall` of the day that begins at `day`, both as if in UTC. */
function instantOf(day: number, wall: number, timeZone: string): number {
  // What clocks show before and after brackets any change in between.
  const before = wall - dayOffset(day - dayMs / 2, timeZone)
  const after = wall - dayOffset(day + 1.5 * dayMs, timeZone)
  if (before === after) return before
  const shown = (instant: number) => instant + offsetAt(instant, formatterOf(timeZone))
  if (shown(before) === wall) return before
  return shown(after) === wall ? after : before
}

const dayOffsets = new Map<string, Map<number, number>>()

/** The same question for each schedule of a zone, and the calendar is slow: its answers are kept for a year of days. */
function dayOffset(instant: number, timeZone: string): number {
  const known = dayOffsets.get(timeZone) ?? new Map<number, number>()
  dayOffsets.set(timeZone, known)
  const found = known.get(instant) ?? offsetAt(instant, formatterOf(timeZone))
  if (known.size > 1000) known.clear()
  known.set(instant, found)
  return found
}

/** How far the zone's clocks are ahead of UTC at an instant. */
function offsetAt(instant: number, formatter: Intl.DateTimeFormat): number {
  const parts = new Map(formatter.formatToParts(instant).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0
  const wall = Date.UTC(
    part('year'),
    part('month') - 1,
    part('day'),
    part('hour'),
    part('minute'),
    part('second'),
  )
  return wall - Math.floor(instant / 1000) * 1000
}

const formatters = new Map<string, Intl.DateTimeFormat>()

/** Making one takes longer than using it a hundred times. */
function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone)
  if (known !== undefined) return known
  const formatter = new Intl.DateTimeFormat('en-US', {
    ...{ timeZone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric' },
    ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
  })
  formatters.set(timeZone, formatter)
  return formatter
}
