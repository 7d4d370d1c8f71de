import type { CompareMode } from '../../protocol/api/index.js'

/** How far two numbers may lie apart in `numeric`, absolutely or relative to the expected one. */
const tolerance = 1e-6

/**
 * Whether what a program printed is what was expected. White space is what it is for C's `isspace` and for the
 * checkers of other judges (testlib, DMOJ): the six ASCII characters. A no-break space or a byte order mark is content.
 */
export function matches(printed: Buffer, expected: string, mode: CompareMode): boolean {
  if (mode === 'exact') return printed.equals(Buffer.from(expected))
  const text = printed.toString('utf8')
  if (mode === 'trimmed') return trimmed(text) === trimmed(expected)
  const [ours, theirs] = [words(text), words(expected)]
  if (ours.length !== theirs.length) return false
  const same = mode === 'tokens' ? (a: string, b: string) => a === b : close
  return ours.every((word, at) => same(word, theirs[at] ?? ''))
}

const trimmed = (text: string) => trimEnd(text.split('\n').map(trimEnd).join('\n'))

/** By hand: a regular expression takes quadratic time for many spaces that are not at the end. */
function trimEnd(text: string): string {
  let end = text.length
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(0, end)
}

/** Space, tab, line feed, vertical tab, form feed, carriage return. */
const isSpace = (code: number) => code === 0x20 || (code >= 0x09 && code <= 0x0d)

const words = (text: string) => text.split(/[ \t\n\v\f\r]+/).filter(Boolean)

/** A sign and digits without leading zeros. Undefined for what is no integer. */
function integer(word: string): string | undefined {
  // No expression that matches the whole word: what keeps its place in millions of digits overflows the stack.
  const digits = /^[+-]/.test(word) ? word.slice(1) : word
  if (digits === '' || /\D/.test(digits)) return undefined
  const first = digits.search(/[1-9]/)
  if (first === -1) return '0'
  return `${word.startsWith('-') ? '-' : ''}${digits.slice(first)}`
}

/** NaN for what is not in decimal notation: hexadecimal digits, names. */
const decimal = (word: string) => (/[^-+.\de]/i.test(word) ? Number.NaN : Number(word))

/**
 * Numbers in decimal notation: two integers must be equal, however long they are; others lie within the tolerance.
 * `nan` equals `nan`, and an infinity the same infinity, in any notation of C or Python. Other words must be the same.
 */
function close(word: string, expected: string): boolean {
  if (word === expected) return true
  const [ours, theirs] = [special(word), special(expected)]
  if (ours !== undefined || theirs !== undefined) return ours === theirs
  const [whole, wanted] = [integer(word), integer(expected)]
  if (whole !== undefined && wanted !== undefined) return whole === wanted
  const [a, b] = [decimal(word), decimal(expected)]
  // What is too large for a number was the same word, or is another number.
  if (!Number.isFinite(a) || !Number.isFinite(b)) return false
  return Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b))
}

function special(word: string): string | undefined {
  const [, sign, name] = /^([+-]?)(nan|inf|infinity)$/i.exec(word) ?? []
  if (name === undefined) return undefined
  return name.toLowerCase() === 'nan' ? 'nan' : `${sign === '-' ? '-' : ''}inf`
}
