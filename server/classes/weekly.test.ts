import { describe, expect, it } from 'vitest'
import { nextLesson } from './weekly.js'

const next = (day: 'sunday' | 'tuesday', at: string, timeZone: string, after: string) =>
  nextLesson({ day, at }, timeZone, new Date(after)).toISOString().slice(0, 16)

describe('a lesson of a timetable', () => {
  it('is each week at the same time by the clocks of its class, also when these are put forward and back', () => {
    expect(next('tuesday', '09:50', 'Europe/Berlin', '2026-03-24T00:00Z')).toBe('2026-03-24T08:50')
    expect(next('tuesday', '09:50', 'Europe/Berlin', '2026-03-24T08:50Z')).toBe('2026-03-31T07:50')
    expect(next('tuesday', '09:50', 'Europe/Berlin', '2026-10-24T00:00Z')).toBe('2026-10-27T08:50')
    // In Shanghai it is Tuesday before it is in London.
    expect(next('tuesday', '07:30', 'Asia/Shanghai', '2026-03-23T12:00Z')).toBe('2026-03-23T23:30')
  })

  it('comes as soon as the clocks are put forward over it, and once when a day has it twice', () => {
    expect(next('sunday', '02:30', 'Europe/Berlin', '2026-03-28T12:00Z')).toBe('2026-03-29T01:00')
    expect(next('sunday', '02:30', 'Europe/Berlin', '2026-10-24T12:00Z')).toBe('2026-10-25T00:30')
    expect(next('sunday', '02:30', 'Europe/Berlin', '2026-10-25T00:30Z')).toBe('2026-11-01T01:30')
  })
})
