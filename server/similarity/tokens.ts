import type { Opener, Syntax } from './syntax.js'

/** What a file consists of: a number for each token, and the line that it begins on, from 1. */
export interface Tokens {
  readonly values: Uint32Array
  readonly lines: Uint32Array
}

/** Whatever it is called, and whatever its value is. */
const name = 1
const literal = 2

const lineFeed = 10
const backslash = 92
const slash = 47
const regexMax = 500

/**
 * Tokens of a program: each name is the same token, and so is each number or text; comments, white space and `;` are none. Time grows
 * with the length only, whatever is in it: students write it.
 */
export function codeTokens(text: string, { openers, keywords, regex }: Syntax): Tokens {
  const found = new Collected(text.length)
  const lineAt = lineCounter(text)
  let [at, isOperand] = [0, false]
  while (at < text.length) {
    const code = text.charCodeAt(at)
    const opener = openers.get(code)?.find(({ begin }) => text.startsWith(begin, at))
    if (opener !== undefined) {
      if (opener.kind === 'literal') found.add(literal, lineAt(at))
      isOperand ||= opener.kind === 'literal'
      at = endOf(text, at, opener)
    } else if (code === slash && regex && !isOperand) {
      found.add(literal, lineAt(at))
      isOperand = true
      at = endOfRegex(text, at)
    } else if (isWordPart(text, at)) {
      const end = endOfWord(text, at)
      const word = text.slice(at, end)
      const isKeyword = keywords.has(word)
      // Of `f"…"` and `u8'…'` all is one literal.
      const isPrefix =
        !isKeyword && word.length <= 2 && openers.get(text.charCodeAt(end))?.[0]?.kind === 'literal'
      if (!isPrefix) found.add(isKeyword ? hashOf(word) : isDigit(code) ? literal : name, lineAt(at))
      isOperand = !isKeyword
      at = end
    } else {
      if (!isIgnored(code)) {
        found.add(0x100 + code, lineAt(at))
        isOperand = code === 41 || code === 93 // `)` and `]`
      }
      at++
    }
  }
  return found.done()
}

/** Tokens of prose: each word, whatever its case; of scripts without spaces each character. */
export function wordTokens(text: string): Tokens {
  const found = new Collected(text.length)
  const lineAt = lineCounter(text)
  for (const match of text.matchAll(words)) {
    found.add(hashOf(match[0].normalize('NFC').toLowerCase()), lineAt(match.index))
  }
  return found.done()
}

const alone = String.raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]`
const words = new RegExp(String.raw`${alone}|(?:(?!${alone})[\p{L}\p{M}\p{N}])+`, 'gu')

/** The lines of places that are asked for in their order: no line feed is looked for twice. */
function lineCounter(text: string): (at: number) => number {
  let [line, next] = [1, text.indexOf('\n')]
  return (at) => {
    while (next >= 0 && next < at) {
      line++
      next = text.indexOf('\n', next + 1)
    }
    return line
  }
}

function endOf(text: string, at: number, { begin, end, kind, oneLine }: Opener): number {
  if (end === undefined) {
    const next = text.indexOf('\n', at)
    return next < 0 ? text.length : next
  }
  if (kind === 'comment') {
    const next = text.indexOf(end, at + begin.length)
    return next < 0 ? text.length : next + end.length
  }
  for (let here = at + begin.length; here < text.length; here++) {
    const code = text.charCodeAt(here)
    if (code === backslash) here++
    else if (oneLine && code === lineFeed) return here
    else if (text.startsWith(end, here)) return here + end.length
  }
  return text.length
}

/** Without an end nearby it was a division. */
function endOfRegex(text: string, at: number): number {
  let isClass = false
  for (let here = at + 1; here < Math.min(text.length, at + regexMax); here++) {
    const code = text.charCodeAt(here)
    if (code === lineFeed) break
    if (code === backslash) here++
    else if (code === 91) isClass = true
    else if (code === 93) isClass = false
    else if (code === slash && !isClass) return here + 1
  }
  return at + 1
}

const isDigit = (code: number) => code >= 48 && code <= 57
const isAsciiWord = (code: number) =>
  isDigit(code) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95 || code === 36
const otherWord = /[\p{L}\p{M}\p{N}]/u
/** White space and control characters, `;`, which some languages leave to whoever writes, and what joins nothing. */
const isIgnored = (code: number) =>
  code <= 32 ||
  code === 59 ||
  code === 0xa0 ||
  code === 0x3000 ||
  code === 0xfeff ||
  (code >= 0x7f && code < 0xa0)

function isWordPart(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code < 128 ? isAsciiWord(code) : otherWord.test(String.fromCodePoint(text.codePointAt(at) ?? code))
}

/** Of a name, or of a number with its fraction. */
function endOfWord(text: string, at: number): number {
  const isNumber = isDigit(text.charCodeAt(at))
  let end = at
  while (end < text.length) {
    const isPoint = isNumber && text[end] === '.' && isDigit(text.charCodeAt(end + 1))
    if (!isPoint && !isWordPart(text, end)) break
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1
  }
  return end
}

/** FNV-1a, above what single characters are. */
function hashOf(word: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < word.length; at++) hash = Math.imul(hash ^ word.charCodeAt(at), 0x01000193)
  return (hash | 0x8000_0000) >>> 0
}

class Collected {
  #values: Uint32Array
  #lines: Uint32Array
  #count = 0

  /** @param length of the text: no token is shorter than a character */
  constructor(length: number) {
    this.#values = new Uint32Array(length)
    this.#lines = new Uint32Array(length)
  }

  add(value: number, line: number): void {
    this.#values[this.#count] = value
    this.#lines[this.#count++] = line
  }

  done(): Tokens {
    return { values: this.#values.slice(0, this.#count), lines: this.#lines.slice(0, this.#count) }
  }
}
