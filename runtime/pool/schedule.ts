import { Temporal } from 'temporal-polyfill'
import type { PoolSchedule, Weekday } from '../../protocol/api/index.js'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
/** In the order of ISO 8601, where Monday is 1. */
const weekdays: readonly Weekday[] = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
]

/** From when, before, until when, not any more; milliseconds since 1970. */
export interface Interval {
  readonly from: number
  readonly until: number
}

type When = Pick<PoolSchedule, 'at' | 'days' | 'timeZone' | 'holdMinutes'>

/**
 * The times at which a schedule holds that touch `range`. A time of day that a day does not have, because clocks
 * are put forward, comes as much later; one that it has twice comes the first time: Temporal calls that `compatible`.
 */
export function occurrences(schedule: When, range: Interval): Interval[] {
  const { timeZone } = schedule
  const holdMs = schedule.holdMinutes * minuteMs
  const days = new Set(schedule.days.map((day) => weekdays.indexOf(day) + 1))
  const plainTime = Temporal.PlainTime.from(schedule.at)
  const dateAt = (time: number) =>
    Temporal.Instant.fromEpochMilliseconds(time).toZonedDateTimeISO(timeZone).toPlainDate()
  const last = dateAt(range.until)
  const found: Interval[] = []
  for (
    let date = dateAt(range.from - holdMs);
    Temporal.PlainDate.compare(date, last) <= 0;
    date = date.add({ days: 1 })
  ) {
    if (!days.has(date.dayOfWeek)) continue
    const from = date.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds
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
