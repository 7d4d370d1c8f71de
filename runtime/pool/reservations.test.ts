import { beforeEach, describe, expect, it } from 'vitest'
import { poolSchedule, warmRequest } from '../../protocol/api/index.js'
import { sizeClass } from '../sandbox/size.js'
import { Reservations, type StoredReservations } from './reservations.js'

const minute = 60_000
const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']
const lesson = (over: object = {}) =>
  poolSchedule.parse({
    ...{ template: 'python', count: 40, at: '09:00', days: weekdays, timeZone: 'Europe/Berlin' },
    ...over,
  })
const python = { template: 'python', isolation: 'standard', memoryMiB: 256, purpose: 'sandbox' } as const

describe('schedules and warm-ahead requests', () => {
  let now: number
  let saved: StoredReservations
  /** How often it was asked which pool a request is for. */
  let keyed = 0
  const open = (memoryMiB = 1000, kept: StoredReservations = { schedules: new Map(), warm: new Map() }) =>
    new Reservations(
      {
        keyOf: ({ template, isolation, purpose, memoryMiB: wanted }) => {
          keyed++
          return { template, isolation, purpose, memoryMiB: sizeClass(wanted ?? 256) }
        },
        budget: { memoryMiB, diskMiB: 1000, cpus: 1, sandboxes: 500 },
        floors: () => [{ isolation: 'standard', count: 4, label: 'always ready: base' }],
        save: (kept) => {
          saved = kept
        },
        now: () => now,
      },
      kept,
    )

  beforeEach(() => {
    now = Date.parse('2026-11-25T06:00:00Z')
  })

  it('ask for nothing until shortly before their time, and not after it', () => {
    const reservations = open()
    reservations.putSchedule('lesson', lesson())
    expect(reservations.reserved(python)).toBe(0)
    now = Date.parse('2026-11-25T07:59:40Z')
    expect(reservations.reserved(python)).toBe(40)
    now = Date.parse('2026-11-25T08:59:00Z')
    expect(reservations.reserved(python)).toBe(40)
    now = Date.parse('2026-11-25T09:00:00Z')
    expect(reservations.reserved(python)).toBe(0)
  })

  it('are served by claims, and ask anew the next day', () => {
    const reservations = open()
    reservations.putSchedule('lesson', lesson())
    now = Date.parse('2026-11-25T08:00:30Z')
    for (let n = 0; n < 38; n++) reservations.claimed(python)
    expect(reservations.reserved(python)).toBe(2)
    for (let n = 0; n < 5; n++) reservations.claimed(python)
    expect(reservations.reserved(python)).toBe(0)
    now = Date.parse('2026-11-26T08:00:30Z')
    reservations.expire()
    expect(reservations.reserved(python)).toBe(40)
  })

  it('add up for one pool, and leave the others alone', () => {
    const reservations = open()
    reservations.putWarm(warmRequest.parse({ template: 'python', count: 5 }))
    reservations.putWarm(warmRequest.parse({ template: 'python', count: 7, memoryMiB: 300 }))
    expect(reservations.reserved(python)).toBe(12)
    expect(reservations.reserved({ ...python, memoryMiB: 512 })).toBe(0)
    now += 15 * minute
    reservations.expire()
    expect(reservations.reserved(python)).toBe(0)
    expect(reservations.describe().warm).toEqual([])
  })

  it('are changed under an id of the caller, and what they have served stays served', () => {
    const reservations = open(200)
    const ask = (count: number) =>
      reservations.putWarm(warmRequest.parse({ template: 'python', count, holdMinutes: 10 }), 'lesson_1')
    expect(ask(30).id).toBe('lesson_1')
    for (let n = 0; n < 10; n++) reservations.claimed(python)
    expect(reservations.reserved(python)).toBe(20)
    now += 5 * minute
    ask(30)
    ask(40)
    expect(reservations.reserved(python)).toBe(30)
    expect(reservations.describe().warm).toMatchObject([{ id: 'lesson_1', count: 40 }])
    // It does not count against itself, and what is too much changes nothing.
    expect(() => ask(60)).toThrow(/60 × 4 MiB/)
    expect(reservations.reserved(python)).toBe(30)
    now += 10 * minute
    reservations.expire()
    expect(reservations.describe().warm).toEqual([])
  })

  it('cost no more for each pool when there are more of them', () => {
    const costOf = (count: number) => {
      const reservations = open(1_000_000)
      const templates = Array.from({ length: count }, (_, n) => `t${n}`)
      for (const template of templates) reservations.putWarm(warmRequest.parse({ template, count: 1 }))
      keyed = 0
      reservations.expire()
      for (const template of templates) expect(reservations.reserved({ ...python, template })).toBe(1)
      return keyed / count
    }
    const few = costOf(10)
    expect(costOf(40)).toBeLessThanOrEqual(few)
  })

  it('are refused when they overlap, whatever the zone, and may touch', () => {
    const reservations = open()
    reservations.putSchedule('lesson', lesson())
    expect(() =>
      reservations.putSchedule('other', lesson({ at: '08:30', timeZone: 'Europe/London' })),
    ).toThrow(/other overlaps lesson.*40 \+ 40 = 80/s)
    // Apart in winter and in summer, but New York puts its clocks forward weeks before Berlin.
    expect(() =>
      reservations.putSchedule('other', lesson({ at: '04:30', timeZone: 'America/New_York' })),
    ).toThrow(/at 2027-03-15T08:30/)
    expect(() =>
      reservations.putSchedule('other', lesson({ at: '05:30', timeZone: 'America/New_York' })),
    ).not.toThrow()
    expect(reservations.putSchedule('after', lesson({ at: '10:00', holdMinutes: 10 })).created).toBe(true)
    expect(reservations.putSchedule('lesson', lesson({ count: 30 })).created).toBe(false)
    expect(() => reservations.putSchedule('big', lesson({ memoryMiB: 1024 }))).not.toThrow()
  })

  it('are refused beyond the budget, with the sum that shows it, and change nothing', () => {
    const reservations = open(300)
    reservations.putSchedule('lesson', lesson())
    expect(() => reservations.putSchedule('js', lesson({ template: 'node', count: 60 }))).toThrow(
      '60 × 4 MiB (js at 09:00) + 40 × 4 MiB (lesson at 09:00) + 4 × 4 MiB (always ready: base) = 416 MiB of memory; the pools of this node may use 300',
    )
    expect(() =>
      reservations.putSchedule('js', lesson({ template: 'node', at: '14:00', count: 60 })),
    ).not.toThrow()
    now = Date.parse('2026-11-25T08:30:00Z')
    expect(() => reservations.putWarm(warmRequest.parse({ template: 'node', count: 40 }))).toThrow(
      /= 336 MiB/,
    )
    expect(reservations.describe().schedules.map(({ name }) => name)).toEqual(['lesson', 'js'])
    expect(reservations.describe().warm).toEqual([])
  })

  it('are kept for the next runtime', () => {
    const reservations = open()
    reservations.putSchedule('lesson', lesson())
    reservations.putWarm(warmRequest.parse({ template: 'python', count: 5 }))
    const next = open(1000, saved)
    expect(next.reserved(python)).toBe(5)
    expect(next.describe()).toEqual(reservations.describe())
  })

  it.each([
    { at: '9:00' },
    { at: '24:00' },
    { days: [] },
    { days: ['monday', 'monday'] },
    { days: ['someday'] },
    { timeZone: 'Mars/Olympus' },
    { timeZone: undefined },
    { count: 0 },
    { count: 1.5 },
    { holdMinutes: 0 },
    { template: '../etc' },
    { surprise: true },
  ])('are refused with %j', (over) => {
    expect(() => lesson(over)).toThrow()
  })
})
