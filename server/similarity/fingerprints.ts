/** How long what is compared is. What both have of `length + window - 1` tokens in a row is found in any case. */
export interface Grain {
  /** Tokens that one hash is of. */
  readonly length: number
  /** Hashes of which one is kept at least. */
  readonly window: number
  /** So that a program and a text never have the same hash. */
  readonly seed: number
}

/** Of programs: three lines or so. */
export const codeGrain: Grain = { length: 18, window: 8, seed: 0x9e3779b9 }
/** Of prose: a dozen words. */
export const wordGrain: Grain = { length: 8, window: 5, seed: 0x85ebca6b }

const base = 0x01000193

/** A hash for each run of `length` tokens, by where it begins; rolling (Karp and Rabin), so time grows with the number of tokens. */
export function hashesOf(values: Uint32Array, { length, seed }: Grain): Uint32Array {
  const count = Math.max(0, values.length - length + 1)
  const hashes = new Uint32Array(count)
  let highest = 1
  for (let power = 1; power < length; power++) highest = Math.imul(highest, base)
  let rolling = 0
  for (let at = 0; at < values.length; at++) {
    if (at >= length)
      rolling = Math.imul(rolling - Math.imul(spread(values[at - length] ?? 0), highest), base)
    else rolling = Math.imul(rolling, base)
    rolling = (rolling + spread(values[at] ?? 0)) | 0
    if (at >= length - 1) hashes[at - length + 1] = spread(rolling ^ seed)
  }
  return hashes
}

/**
 * Where the hashes that are kept are: of each window the smallest one, and the first of equal ones.
 * @see Schleimer, Wilkerson, Aiken: Winnowing: Local Algorithms for Document Fingerprinting (SIGMOD 2003)
 */
export function winnow(hashes: Uint32Array, { window }: Pick<Grain, 'window'>): number[] {
  const kept: number[] = []
  // Places in the window that nothing smaller comes after, with growing hashes.
  const open: number[] = []
  let first = 0
  const smallest = () => open[first] ?? 0
  for (let at = 0; at < hashes.length; at++) {
    const hash = hashes[at] ?? 0
    while (open.length > first && (hashes[open.at(-1) ?? 0] ?? 0) > hash) open.pop()
    open.push(at)
    if (smallest() <= at - window) first++
    const isWhole = at >= window - 1 || at === hashes.length - 1
    if (isWhole && kept.at(-1) !== smallest()) kept.push(smallest())
  }
  return kept
}

/** Every bit of a number in every bit of the result (the end of MurmurHash3). */
function spread(value: number): number {
  let mixed = value
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
