import { describe, expect, it } from 'vitest'
import type { PoolSchedule } from '../../protocol/api/index.js'
import { nextOccurrence, occurrences } from './schedule.js'

const weekdays: PoolSchedule['days'] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday']
const daily: PoolSchedule['days'] = [...weekdays, 'saturday', 'sunday']
const time = (iso: string) => Date.parse(iso)
const next = (when: Partial<PoolSchedule>, now: string) => {
  const schedule = { at: '09:00', days: weekdays, timeZone: 'Europe/Berlin', holdMinutes: 60, ...when }
  return new Date(nextOccurrence(schedule, time(now)).from).toISOString()
}

describe('a schedule', () => {
  it('comes at its time of day in its own zone, in winter and in summer', () => {
    expect(next({}, '2026-01-14T12:00:00Z')).toBe('2026-01-15T08:00:00.000Z')
    expect(next({}, '2026-07-14T12:00:00Z')).toBe('2026-07-15T07:00:00.000Z')
  })

  it('leaves out the days that it does not name', () => {
    expect(next({}, '2026-11-27T12:00:00Z')).toBe('2026-11-30T08:00:00.000Z')
    expect(next({ days: ['sunday'] }, '2026-11-27T12:00:00Z')).toBe('2026-11-29T08:00:00.000Z')
  })

  it("knows its zone's day, not that of Greenwich", () => {
    expect(
      next({ at: '08:00', timeZone: 'Pacific/Auckland', days: ['monday'] }, '2026-06-05T00:00:00Z'),
    ).toBe('2026-06-07T20:00:00.000Z')
    expect(
      next({ at: '20:00', timeZone: 'America/Los_Angeles', days: ['friday'] }, '2026-06-05T00:00:00Z'),
    ).toBe('2026-06-06T03:00:00.000Z')
  })

  it('comes later where clocks jump over it, and once where they show it twice', () => {
    expect(next({ at: '02:30', days: daily }, '2026-03-28T12:00:00Z')).toBe('2026-03-29T01:30:00.000Z')
    const autumn = { from: time('2026-10-25T00:00:00Z'), until: time('2026-10-25T12:00:00Z') }
    const schedule = { at: '02:30', days: daily, timeZone: 'Europe/Berlin', holdMinutes: 10 }
    expect(occurrences(schedule, autumn).map(({ from }) => new Date(from).toISOString())).toEqual([
      '2026-10-25T00:30:00.000Z',
    ])
  })

  it('knows zones that change by half an hour, or twice within two months', () => {
    expect(next({ at: '02:15', days: daily, timeZone: 'Australia/Lord_Howe' }, '2026-10-03T12:00:00Z')).toBe(
      '2026-10-03T15:45:00.000Z',
    )
    // Morocco puts its clocks back for Ramadan.
    const inCasablanca = (now: string) =>
      next({ at: '09:00', days: daily, timeZone: 'Africa/Casablanca' }, now)
    expect(inCasablanca('2026-02-10T12:00:00Z')).toBe('2026-02-11T08:00:00.000Z')
    expect(inCasablanca('2026-03-01T12:00:00Z')).toBe('2026-03-02T09:00:00.000Z')
    expect(inCasablanca('2026-03-25T12:00:00Z')).toBe('2026-03-26T08:00:00.000Z')
  })

  it('still holds after midnight when it began before', () => {
    expect(next({ at: '23:30', holdMinutes: 120 }, '2026-11-25T23:30:00Z')).toBe('2026-11-25T22:30:00.000Z')
  })
})
