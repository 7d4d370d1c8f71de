import { codeGrain, type Grain, hashesOf, winnow, wordGrain } from './fingerprints.js'
import { fragmentsOf } from './fragments.js'
import type { Comparison, SimilarPair, SourceFile } from './messages.js'
import type { Sketch } from './sketch.js'
import { syntaxOf } from './syntax.js'
import { codeTokens, type Tokens, wordTokens } from './tokens.js'

/** With fewer, a hand-in says nothing. */
const printsMin = 4
/** What more hand-ins than these have, and more than a fifth of them, belongs to the task. */
const commonMin = 10
const commonShare = 0.2
/** Pairs that have less in common are not told. */
const similarityMin = 0.2
export const pairsMax = 100

/** Hand-ins for one assignment, to be compared with each other by what winnowing keeps of them. */
export class Collection {
  readonly #given = new Set<number>()
  readonly #handIns: Sketch[][] = []

  /** What all have been given is nobody's own: it is added first. */
  addStarter(files: readonly SourceFile[]): void {
    for (const file of files) {
      const { values, grain } = tokensOf(file)
      for (const hash of hashesOf(values, grain)) this.#given.add(hash)
    }
  }

  /** One more, by its files. */
  add(files: readonly SourceFile[]): void {
    this.#handIns.push(files.map((file) => sketchOf(file, this.#given)))
  }

  compare(): Comparison {
    const count = this.#handIns.length
    const keys = keysOf(this.#handIns)
    const totals = new Uint32Array(count)
    const shared = new Uint32Array(count * count)
    const common = new Set<number>()
    const mostHave = Math.max(commonMin, Math.floor(count * commonShare))
    for (let from = 0, to = 0; from < keys.length; from = to) {
      const hash = printOf(keys[from] ?? 0)
      while (to < keys.length && printOf(keys[to] ?? 0) === hash) to++
      const owners = new Set<number>()
      for (let at = from; at < to; at++) owners.add(ownerOf(keys[at] ?? 0))
      if (owners.size > mostHave) {
        common.add(hash)
        continue
      }
      // In growing order: the keys are.
      const all = [...owners]
      for (const [at, one] of all.entries()) {
        totals[one] = (totals[one] ?? 0) + 1
        for (let next = at + 1; next < all.length; next++) {
          const place = one * count + (all[next] ?? 0)
          shared[place] = (shared[place] ?? 0) + 1
        }
      }
    }
    const isShort = (one: number) => (totals[one] ?? 0) < printsMin
    const pairs = pairsOf(shared, totals, isShort)
    return {
      pairs: pairs.slice(0, pairsMax).map((pair) => ({ ...pair, fragments: this.#fragments(pair, common) })),
      pairCount: pairs.length,
      short: [...totals.keys()].filter(isShort),
    }
  }

  #fragments({ one, other }: SimilarPair, common: ReadonlySet<number>) {
    return fragmentsOf(this.#handIns[one] ?? [], this.#handIns[other] ?? [], common)
  }
}

function tokensOf({ path, text }: SourceFile): Tokens & { readonly grain: Grain } {
  const syntax = syntaxOf(path)
  return syntax === undefined
    ? { ...wordTokens(text), grain: wordGrain }
    : { ...codeTokens(text, syntax), grain: codeGrain }
}

function sketchOf(file: SourceFile, starter: ReadonlySet<number>): Sketch {
  const { values, lines, grain } = tokensOf(file)
  const hashes = hashesOf(values, grain)
  const given = new Uint8Array(values.length)
  if (starter.size > 0) {
    for (const [at, hash] of hashes.entries()) if (starter.has(hash)) given.fill(1, at, at + grain.length)
  }
  const places = winnow(hashes, grain).filter((at) => !starter.has(hashes[at] ?? 0))
  return {
    ...{ path: file.path, grain, values, lines, given },
    places: Uint32Array.from(places),
    prints: Uint32Array.from(places, (at) => hashes[at] ?? 0),
  }
}

/** A fingerprint and whose it is in one number, so that sorting is quick. */
const ownersMax = 1024
const printOf = (key: number) => Math.floor(key / ownersMax)
const ownerOf = (key: number) => key % ownersMax

function keysOf(handIns: readonly (readonly Sketch[])[]): Float64Array {
  const count = handIns.reduce((all, files) => files.reduce((sum, { prints }) => sum + prints.length, all), 0)
  const keys = new Float64Array(count)
  let at = 0
  for (const [owner, files] of handIns.entries()) {
    for (const { prints } of files) for (const print of prints) keys[at++] = print * ownersMax + owner
  }
  return keys.sort()
}

/** Those that have much in common, the most similar first. */
function pairsOf(shared: Uint32Array, totals: Uint32Array, isShort: (one: number) => boolean): SimilarPair[] {
  const count = totals.length
  const pairs: SimilarPair[] = []
  for (let one = 0; one < count; one++) {
    for (let other = one + 1; other < count; other++) {
      const same = shared[one * count + other] ?? 0
      if (same < printsMin || isShort(one) || isShort(other)) continue
      const [ofOne, ofOther] = [same / (totals[one] ?? 1), same / (totals[other] ?? 1)]
      const similarity = Math.max(ofOne, ofOther)
      if (similarity >= similarityMin) pairs.push({ one, other, shared: same, ofOne, ofOther, similarity })
    }
  }
  return pairs.toSorted((a, b) => b.similarity - a.similarity || b.shared - a.shared)
}
