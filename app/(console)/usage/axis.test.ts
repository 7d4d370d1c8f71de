import { describe, expect, it } from 'vitest'
import { axisFor, withUnit } from './axis.js'

const time = [
  { size: 1, name: 's' },
  { size: 60, name: 'min' },
  { size: 3600, name: 'h' },
]

describe('an axis', () => {
  it.each([
    [0, ['0 s']],
    [7, ['10 s', '5 s', '0 s']],
    [90, ['2 min', '1 min', '0 min']],
    [5 * 3600, ['5 h', '2.5 h', '0 h']],
    [1234 * 3600, ['2,000 h', '1,000 h', '0 h']],
  ])('for %d seconds ends at a round number, in one unit', (max, labels) => {
    const axis = axisFor(max, time)
    expect(axis.ticks.map(({ label }) => label)).toEqual(labels)
    expect(axis.top).toBeGreaterThanOrEqual(max)
  })

  it('does not round a small use to nothing', () => {
    expect(withUnit(0.0123, time)).toBe('0.0123 s')
    expect(withUnit(75, time)).toBe('1.25 min')
    expect(withUnit(12_345 * 3600, time)).toBe('12,345 h')
    expect(withUnit(0, time)).toBe('0 s')
  })
})
