import { expect, it } from 'vitest'
import { relative, wallClock } from './relative'

const hourMs = 3_600_000

it('says how far away a time is, in both languages', () => {
  expect(relative(3 * hourMs, 'en')).toBe('in 3 hours')
  expect(relative(-26 * hourMs, 'en')).toBe('26 hours ago')
  expect(relative(5 * 24 * hourMs, 'en')).toBe('in 5 days')
  expect(relative(90_000, 'en')).toBe('in 1 minute')
  expect(relative(3 * hourMs, 'zh-CN')).toBe('3小时后')
})

it('never says that more is left than there is', () => {
  expect(relative(2 * hourMs - 1, 'en')).toBe('in 1 hour')
  expect(relative(72 * hourMs - 1, 'en')).toBe('in 2 days')
})

it('writes what a clock shows, whatever the time zone of this device is', () => {
  expect(wallClock('2026-12-08T23:59', 'en')).toBe('Dec 8, 2026, 23:59')
  expect(wallClock('2026-12-08T23:59', 'zh-CN')).toBe('2026年12月8日 23:59')
})
