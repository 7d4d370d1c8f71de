import type { CompareMode } from '../../protocol/index.js'

/** How far two numbers may lie apart in `numeric`, absolutely or relative to the expected one. */
const tolerance = 1e-6

/** Whether what a program printed is what was expected. */
export function matches(printed: Buffer, expected: string, mode: CompareMode): boolean {
  if (mode === 'exact') return printed.equals(Buffer.from(expected))
  const text = printed.toString('utf8')
  if (mode === 'trimmed') return trimmed(text) === trimmed(expected)
  const [ours, theirs] = [words(text), words(expected)]
  if (ours.length !== theirs.length) return false
  const same = mode === 'tokens' ? (a: string, b: string) => a === b : close
  return ours.every((word, at) => same(word, theirs[at] ?? ''))
}

const trimmed = (text: string) =>
  text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trimEnd()

const words = (text: string) => text.split(/\s+/).filter(Boolean)

/** Words that are numbers, in decimal notation; others must be the same. */
function close(word: string, expected: string): boolean {
  if (word === expected) return true
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
  if (!number.test(word) || !number.test(expected)) return false
  const [ours, theirs] = [Number(word), Number(expected)]
  return Math.abs(ours - theirs) <= tolerance * Math.max(1, Math.abs(theirs))
}
