import type { SimilarFragment } from './messages.js'
import type { Sketch } from './sketch.js'

const fragmentsMax = 50
/** Of one fingerprint in one hand-in: what is repeated a thousand times is not looked at a million times. */
const placesMax = 4
/** Steps of extending matches of one pair; what students write decides how many there are. */
const stepsMax = 2_000_000

interface Place {
  readonly file: number
  readonly at: number
}
/** Tokens that two files have in a row: `[at, at + length)` of each. */
interface Match {
  readonly one: Place
  readonly other: Place
  readonly length: number
}

/**
 * What two hand-ins have in common, the longest first: from each fingerprint that both have as far as the tokens are the same in both
 * directions, up to what the starter files have. No two overlap by half.
 *
 * @param common fingerprints that are left out
 */
export function fragmentsOf(
  one: readonly Sketch[],
  other: readonly Sketch[],
  common: ReadonlySet<number>,
): SimilarFragment[] {
  const longest = matchesOf(one, other, common).toSorted((a, b) => b.length - a.length)
  const taken = { one: one.map(coverOf), other: other.map(coverOf) }
  const chosen: Match[] = []
  for (const match of longest) {
    if (chosen.length === fragmentsMax) break
    const [first, second] = [taken.one[match.one.file], taken.other[match.other.file]]
    if (first === undefined || second === undefined) continue
    if (isTaken(first, match.one.at, match.length) || isTaken(second, match.other.at, match.length)) continue
    first.fill(1, match.one.at, match.one.at + match.length)
    second.fill(1, match.other.at, match.other.at + match.length)
    chosen.push(match)
  }
  return chosen.map(({ one: first, other: second, length }) => ({
    tokens: length,
    one: linesOf(one[first.file], first.at, length),
    other: linesOf(other[second.file], second.at, length),
  }))
}

function matchesOf(one: readonly Sketch[], other: readonly Sketch[], common: ReadonlySet<number>): Match[] {
  const ofOne = placesOf(one, common)
  // By the two files and the distance: what a longer match has in it already is not extended again.
  const known = new Map<string, Match[]>()
  const matches: Match[] = []
  let left = stepsMax
  for (const [print, seconds] of placesOf(other, common)) {
    for (const first of ofOne.get(print) ?? []) {
      for (const second of seconds) {
        const diagonal = `${first.file} ${second.file} ${first.at - second.at}`
        const along = known.get(diagonal) ?? []
        if (along.some((match) => first.at >= match.one.at && first.at < match.one.at + match.length))
          continue
        const match = left > 0 ? extended(one, other, first, second) : undefined
        if (match === undefined) continue
        left -= match.length
        along.push(match)
        known.set(diagonal, along)
        matches.push(match)
      }
    }
  }
  return matches
}

/** @returns undefined where only the hashes are the same */
function extended(
  ones: readonly Sketch[],
  others: readonly Sketch[],
  first: Place,
  second: Place,
): Match | undefined {
  const [one, other] = [ones[first.file], others[second.file]]
  if (one === undefined || other === undefined || one.grain !== other.grain) return undefined
  const isSame = (step: number) => {
    const value = one.values[first.at + step]
    return value !== undefined && value === other.values[second.at + step]
  }
  const isOwn = (step: number) => one.given[first.at + step] === 0 && other.given[second.at + step] === 0
  let end = 0
  while (end < one.grain.length) if (!isSame(end++)) return undefined
  while (isSame(end) && isOwn(end)) end++
  let begin = 0
  while (isSame(begin - 1) && isOwn(begin - 1)) begin--
  return {
    one: { file: first.file, at: first.at + begin },
    other: { file: second.file, at: second.at + begin },
    length: end - begin,
  }
}

/** Where each fingerprint is, the first few of each. */
function placesOf(files: readonly Sketch[], common: ReadonlySet<number>): Map<number, Place[]> {
  const places = new Map<number, Place[]>()
  for (const [file, { prints, places: all }] of files.entries()) {
    for (const [at, print] of prints.entries()) {
      if (common.has(print)) continue
      const known = places.get(print)
      const place = { file, at: all[at] ?? 0 }
      if (known === undefined) places.set(print, [place])
      else if (known.length < placesMax) known.push(place)
    }
  }
  return places
}

const coverOf = ({ values }: Sketch) => new Uint8Array(values.length)

function isTaken(cover: Uint8Array, at: number, length: number): boolean {
  let count = 0
  for (let here = at; here < at + length; here++) count += cover[here] ?? 0
  return count * 2 > length
}

function linesOf(file: Sketch | undefined, at: number, length: number) {
  const { path, lines } = file ?? { path: '', lines: new Uint32Array() }
  return { path, from: lines[at] ?? 1, to: lines[at + length - 1] ?? 1 }
}
