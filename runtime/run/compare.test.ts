import { describe, expect, it } from 'vitest'
import type { CompareMode } from '../../protocol/api/index.js'
import { matches } from './compare.js'

describe('what a case printed', () => {
  it.each<[CompareMode, string, string, boolean]>([
    ['numeric', '5', '1e400', false],
    ['numeric', '1e400', '1e400', true],
    ['numeric', '2e400', '1e400', false],
    ['numeric', 'nan', 'NaN', true],
    ['numeric', '-nan', 'nan', true],
    ['numeric', '0', 'nan', false],
    ['numeric', 'inf', 'Infinity', true],
    ['numeric', '-inf', 'inf', false],
    ['numeric', '1e999', 'inf', false],
    ['numeric', '10000001', '10000000', false],
    ['numeric', '0.9999999', '1', true],
    ['numeric', '1.00001', '1', false],
    ['numeric', '+007', '7', true],
    ['numeric', '-0', '0', true],
    ['numeric', '-007', '-7', true],
    ['numeric', '1.', '1', true],
    ['numeric', '.5e1', '+5.0', true],
    ['numeric', '0x10', '16', false],
    ['numeric', '+', '0', false],
    ['numeric', '123456789012345678901', '123456789012345678900', false],
    ['numeric', 'abc', 'abd', false],
    ['tokens', 'a\u00a0b', 'a b', false],
    ['tokens', '\ufeffa', 'a', false],
    ['tokens', 'a\u2028b', 'a b', false],
    ['tokens', ' a\t\v\f\r\nb', 'a b', true],
    ['trimmed', 'a \t\r\n\n', 'a', true],
    ['trimmed', 'a\u00a0', 'a', false],
    ['trimmed', 'a\u2028', 'a', false],
    ['trimmed', ' a', 'a', false],
    ['exact', 'a\n', 'a', false],
  ])('%s: %j against %j is %s', (mode, printed, expected, same) => {
    expect(matches(Buffer.from(printed), expected, mode)).toBe(same)
  })

  it('is compared quickly, however many spaces there are', () => {
    const spaces = `${' '.repeat(4 << 20)}x`
    expect(matches(Buffer.from(spaces), spaces, 'trimmed')).toBe(true)
    expect(matches(Buffer.from('9'.repeat(4 << 20)), '8'.repeat(4 << 20), 'numeric')).toBe(false)
    expect(matches(Buffer.from(`${'0'.repeat(4 << 20)}7.0`), '7', 'numeric')).toBe(true)
  })
})
