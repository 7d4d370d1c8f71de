import { describe, expect, it } from 'vitest'
import { assertWhen, nextRun } from './cron.js'

/** The next times from then on. */
const times = (cron: string, timeZone: string, after: string, count: number) => {
  const found: string[] = []
  for (let at = new Date(after); found.length < count; ) {
    const next = nextRun({ cron, timeZone }, at)
    if (next === null) break
    found.push(next.toISOString().slice(0, 16))
    at = next
  }
  return found
}
const refusal = (cron: string, timeZone = 'UTC') => {
  try {
    assertWhen({ cron, timeZone }, new Date('2026-11-29T00:00:00Z'))
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  return undefined
}

describe('the times of a cron expression', () => {
  it('are those of the clocks of its time zone, also when these are put forward and back', () => {
    expect(times('30 8 * * MON-FRI', 'Europe/Berlin', '2026-03-26T12:00Z', 3)).toEqual([
      ...['2026-03-27T07:30', '2026-03-30T06:30', '2026-03-31T06:30'],
    ])
    expect(times('30 8 * * *', 'America/New_York', '2026-10-31T00:00Z', 3)).toEqual([
      ...['2026-10-31T12:30', '2026-11-01T13:30', '2026-11-02T13:30'],
    ])
  })

  it('skip no day on which the clocks are put forward over them', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-03-28T00:00Z', 3)).toEqual([
      ...['2026-03-28T01:30', '2026-03-29T01:00', '2026-03-30T00:30'],
    ])
  })

  it('come once on a day that has them twice', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', 2)).toEqual([
      ...['2026-10-25T00:30', '2026-10-26T01:30'],
    ])
  })

  it('know leap years, ends of months, and weekdays beside days of a month', () => {
    expect(times('0 0 29 2 *', 'UTC', '2026-11-29T00:00Z', 2)).toEqual([
      '2028-02-29T00:00',
      '2032-02-29T00:00',
    ])
    expect(times('0 0 31 * *', 'UTC', '2026-11-29T00:00Z', 2)).toEqual([
      '2026-12-31T00:00',
      '2027-01-31T00:00',
    ])
    expect(times('0 0 1 * MON', 'UTC', '2026-11-29T00:00Z', 3)).toEqual([
      ...['2026-11-30T00:00', '2026-12-01T00:00', '2026-12-07T00:00'],
    ])
  })
})

describe('a cron expression', () => {
  it('is refused when it is none, never comes, or comes too often', () => {
    expect(refusal('*/5 * * * *')).toBeUndefined()
    expect(refusal('*/5 * * * *', 'America/New_York')).toBeUndefined()
    expect(refusal('@daily')).toBeUndefined()
    expect(refusal('59 23 * * *')).toBeUndefined()
    for (const often of ['* * * * *', '*/4 * * * *', '0,3 12 * * *', '2,58 * * * *', '58,2 23,0 * * *']) {
      expect(refusal(often), often).toMatch(/more often than every 5 minutes/)
    }
    expect(refusal('0 0 30 2 *')).toMatch(/never comes/)
    expect(refusal('0 25 * * *')).toMatch(/hour: 25/)
    expect(refusal('0 0 1 1')).toMatch(/cron: the expression/)
    expect(refusal('* * * * * *')).toMatch(/5 parts/)
    expect(refusal('a b c d e')).toMatch(/cron: the expression/)
  })

  it('that is written to take long is answered soon', () => {
    // Each is looked for in all years that there are.
    for (const cron of ['0 0 31 2,4,6,9,11 *', '0 0 30 2 *', '59 23 31 2 *', '0 0 29 2 *']) refusal(cron)
    expect(refusal('0 0 31 2,4,6,9,11 *')).toMatch(/never comes/)
  })
})
