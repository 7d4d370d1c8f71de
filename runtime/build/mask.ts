import { bounds } from './bounds.js'
import { badBuild } from './error.js'

const shown = '***'
/** Shorter ones are part of too much else. */
const shortest = 4

/** A text that is not to be seen, and how much of it the output until now ends with. */
interface Needle {
  readonly text: string
  /** For each beginning of it: how long the longest shorter beginning is that it ends with. */
  readonly shorter: Int32Array
  reached: number
}

/** The lines of secrets: a terminal changes the ends of lines. */
const linesOf = (secrets: readonly string[]): string[] => secrets.flatMap((secret) => secret.split(/\r?\n/))

/** @throws RuntimeRefusal `invalid_request`: each line is looked for in all that is printed */
export function assertMaskable(secrets: readonly string[]): void {
  if (linesOf(secrets).length > bounds.secretLines)
    throw badBuild(`the secrets have more than ${bounds.secretLines} lines together`)
}

/**
 * Takes secrets out of text that comes in pieces, each line of a secret by itself. Every character is looked at once for each
 * line, however long the lines are and however small the pieces.
 * @see Knuth, Morris, Pratt: Fast Pattern Matching in Strings, 1977
 */
export class Mask {
  readonly #needles: readonly Needle[]
  #held = ''
  /** For each character of what is held: 1 when it is part of a secret. */
  #hidden = new Uint8Array(0)
  /** Whether the last character before it is part of one. */
  #isInSecret = false

  constructor(secrets: readonly string[]) {
    this.#needles = [...new Set(linesOf(secrets).map((line) => line.trim()))]
      .filter((text) => text.length >= shortest)
      .map((text) => ({ text, shorter: shorterBeginnings(text), reached: 0 }))
  }

  /** @returns what can be shown already: what may be the beginning of a secret waits for more */
  push(text: string): string {
    const all = this.#held + text
    const before = this.#held.length
    /** Of the longest secret that ends at a character. */
    const lengths = new Int32Array(all.length)
    let waiting = 0
    for (const needle of this.#needles) {
      for (let at = before; at < all.length; at++) {
        if (advance(needle, all.charCodeAt(at))) lengths[at] = Math.max(lengths[at] ?? 0, needle.text.length)
      }
      waiting = Math.max(waiting, needle.reached)
    }
    const hidden = new Uint8Array(all.length)
    hidden.set(this.#hidden)
    let left = 0
    for (let at = all.length - 1; at >= before || left > 1; at--) {
      left = Math.max(left - 1, lengths[at] ?? 0)
      if (left > 0) hidden[at] = 1
    }
    return this.#take(all, hidden, all.length - waiting)
  }

  /** The rest, when nothing comes any more. */
  end(): string {
    for (const needle of this.#needles) needle.reached = 0
    return this.#take(this.#held, this.#hidden, this.#held.length)
  }

  /** The text up to an index. When that is in the middle of a secret, what is left of it stays hidden. */
  #take(all: string, hidden: Uint8Array<ArrayBuffer>, end: number): string {
    let taken = ''
    for (let at = 0; at < end; ) {
      const from = at
      while (at < end && hidden[at] === hidden[from]) at++
      if (hidden[from] !== 1) taken += all.slice(from, at)
      else if (from > 0 || !this.#isInSecret) taken += shown
    }
    if (end > 0) this.#isInSecret = hidden[end - 1] === 1
    this.#held = all.slice(end)
    this.#hidden = hidden.slice(end)
    return taken
  }
}

/** @returns whether the text ends here */
function advance(needle: Needle, character: number): boolean {
  const { text, shorter } = needle
  let { reached } = needle
  while (reached > 0 && text.charCodeAt(reached) !== character) reached = shorter[reached - 1] ?? 0
  if (text.charCodeAt(reached) === character) reached++
  const isWhole = reached === text.length
  needle.reached = isWhole ? (shorter[reached - 1] ?? 0) : reached
  return isWhole
}

function shorterBeginnings(text: string): Int32Array {
  const shorter = new Int32Array(text.length)
  let length = 0
  for (let at = 1; at < text.length; at++) {
    while (length > 0 && text.charCodeAt(at) !== text.charCodeAt(length)) length = shorter[length - 1] ?? 0
    if (text.charCodeAt(at) === text.charCodeAt(length)) length++
    shorter[at] = length
  }
  return shorter
}
