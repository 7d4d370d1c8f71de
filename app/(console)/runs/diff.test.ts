import { describe, expect, it } from 'vitest'
import { diff, pairs } from './diff'

const shown = (...texts: Parameters<typeof diff>) =>
  diff(...texts).map(({ kind, text }) => `${{ same: ' ', expected: '-', got: '+' }[kind]}${text}`)

describe('what was expected beside what was printed', () => {
  it('keeps the lines that both have, in the order of both', () => {
    expect(shown('a\nb\nc\nd\n', 'a\nx\nc\nd\ne\n', 'trimmed')).toEqual([' a', '-b', '+x', ' c', ' d', '+e'])
    expect(shown('a\n', '', 'trimmed')).toEqual(['-a'])
    expect(shown('', 'a\n', 'trimmed')).toEqual(['+a'])
    expect(shown('', '', 'exact')).toEqual([])
  })

  it('finds no difference where the comparison finds none', () => {
    expect(shown('a \nb\n\n', 'a\nb', 'trimmed')).toEqual([' a', ' b'])
    expect(shown('1  2', '1 2', 'tokens')).toEqual([' 1 2'])
    expect(shown('0.3333333', '0.33333334', 'numeric')).toEqual([' 0.33333334'])
  })

  it('shows white space and a missing last newline where they count', () => {
    expect(shown('a \n', 'a\n', 'exact')).toEqual(['-a ', '+a'])
    expect(shown('a\n', 'a', 'exact')).toEqual([' a', '+\\ no newline at the end'])
  })

  it('takes no more than a moment for long texts that have nothing in common', () => {
    const lines = (of: string) => Array.from({ length: 5000 }, (_, at) => `${of}${at}`).join('\n')
    expect(shown(lines('a'), lines('b'), 'trimmed')).toHaveLength(10_000)
  })

  it('finds scattered differences in long texts, and gives up beyond a thousand between a common begin and end', () => {
    const every = (count: number, wrong: (at: number) => boolean) =>
      Array.from({ length: count }, (_, at) => (wrong(at) ? 'wrong' : `line ${at}`)).join('\n')
    const none = every(5000, () => false)
    const same = (got: string) => diff(none, got, 'trimmed').filter(({ kind }) => kind === 'same').length
    expect(same(every(5000, (at) => at % 10 === 0))).toBe(4500)
    expect(same(every(5000, (at) => at > 999 && at < 4000 && at % 2 === 0))).toBe(2001)
  })

  it('stands in one row with what was printed in its place', () => {
    expect(pairs(diff('a\nb\nc\nd\n', 'a\nx\ny\nc\n', 'trimmed'))).toEqual([
      { expected: 'a', got: 'a', differs: false },
      { expected: 'b', got: 'x', differs: true },
      { expected: null, got: 'y', differs: true },
      { expected: 'c', got: 'c', differs: false },
      { expected: 'd', got: null, differs: true },
    ])
  })
})
