import * as Y from 'yjs'
import type { TextFrame } from '../lib/protocol'
import type { Change } from './changes'

export type TextId = TextFrame['text']

/** Who made a change: somebody here, or another window. */
const own = Symbol('own')
const others = Symbol('others')
/** Names in the document. */
const names = { text: 'text', disk: 'disk', carried: 'carried' } as const

/** The older of two is kept. */
export const isOlder = (one: TextId, other: TextId) =>
  one.since < other.since || (one.since === other.since && one.id < other.id)

/** A number of 53 bits for a text (cyrb53): to recognise it, not to trust it. */
export function digestOf(text: string): string {
  let [one, two] = [0xdeadbeef, 0x41c6ce57]
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    one = Math.imul(one ^ code, 2654435761)
    two = Math.imul(two ^ code, 1597334677)
  }
  one = Math.imul(one ^ (one >>> 16), 2246822507) ^ Math.imul(two ^ (two >>> 13), 3266489909)
  two = Math.imul(two ^ (two >>> 16), 2246822507) ^ Math.imul(one ^ (one >>> 13), 3266489909)
  return (4294967296 * (2097151 & two) + (one >>> 0)).toString(36)
}

/** A text with `\n` between its lines that several windows change at once, by Yjs, and what they say of the disk. */
export class SharedText {
  readonly #doc = new Y.Doc()
  readonly #text = this.#doc.getText(names.text)
  readonly #disk = this.#doc.getMap<string>(names.disk)
  readonly #carried = this.#doc.getMap<string>(names.carried)
  since: number

  /** @param id of which text of the others it is a copy */
  constructor(
    readonly id: string,
    since: number,
    readonly hears: {
      /** To be told to the others. */
      changed(update: Uint8Array): void
      /** What others did to the text. */
      applied(changes: readonly Change[]): void
    },
  ) {
    this.since = since
    this.#doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === own) hears.changed(update)
    })
    this.#text.observe(({ delta }, { origin }) => {
      if (origin === others) hears.applied(changesOf(delta))
    })
  }

  /**
   * The text that a version of a file begins with. It is the same, to the last byte, for every window that begins with the
   * same version, so that two that do so at once have one text and not two.
   */
  seed(text: string): void {
    const seed = new Y.Doc()
    seed.clientID = Number.parseInt(digestOf(this.id), 36) % 2 ** 32
    seed.getText(names.text).insert(0, text)
    Y.applyUpdate(this.#doc, Y.encodeStateAsUpdate(seed))
    seed.destroy()
  }

  get name(): TextId {
    return { id: this.id, since: this.since }
  }

  get text(): string {
    return this.#text.toString()
  }

  get length(): number {
    return this.#text.length
  }

  get have(): Uint8Array {
    return Y.encodeStateVector(this.#doc)
  }

  /** Something that came needs what has not come. */
  get lacks(): boolean {
    return this.#doc.store.pendingStructs !== null || this.#doc.store.pendingDs !== null
  }

  /** Something done here. */
  change(changes: readonly Change[]): void {
    this.#doc.transact(() => {
      let shift = 0
      for (const { from, to, insert } of changes) {
        if (to > from) this.#text.delete(from + shift, to - from)
        if (insert) this.#text.insert(from + shift, insert)
        shift += insert.length - (to - from)
      }
    }, own)
  }

  /** @throws when it is no change of such a text */
  apply(update: Uint8Array): void {
    Y.applyUpdate(this.#doc, update, others)
  }

  /** What somebody lacks who has that. */
  missing(have: Uint8Array): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc, have)
  }

  get whole(): Uint8Array {
    return Y.encodeStateAsUpdate(this.#doc)
  }

  /** What each side has that the other does not. @throws when it is no state */
  compare(have: Uint8Array): { readonly more: boolean; readonly less: boolean } {
    const theirs = Y.decodeStateVector(have)
    const own = Y.decodeStateVector(this.have)
    return {
      more: [...own].some(([client, clock]) => (theirs.get(client) ?? 0) < clock),
      less: [...theirs].some(([client, clock]) => (own.get(client) ?? 0) < clock),
    }
  }

  /** Whether something that was done in this window is missing there. */
  hasOwnBeyond(have: Uint8Array): boolean {
    const { clientID } = this.#doc
    const own = Y.decodeStateVector(this.have).get(clientID) ?? 0
    return own > (Y.decodeStateVector(have).get(clientID) ?? 0)
  }

  /** What was last saved, or is about to be. */
  get disk(): { readonly saving: string | null; readonly version: string | null; readonly digest: string } {
    const saved = this.#disk.get('saved') ?? ''
    const at = saved.indexOf(' ')
    return {
      saving: this.#disk.get('saving') ?? null,
      version: at < 0 ? null : saved.slice(at + 1),
      digest: saved.slice(0, Math.max(0, at)),
    }
  }

  saving(digest: string): void {
    this.#doc.transact(() => this.#disk.set('saving', digest), own)
  }

  saved(digest: string, version: string): void {
    this.#doc.transact(() => this.#disk.set('saved', `${digest} ${version}`), own)
  }

  /** Which state of another text was put into this one; null when none was. */
  carried(id: string): string | null {
    return this.#carried.get(id) ?? null
  }

  carry(id: string, digest: string, changes: readonly Change[]): void {
    this.#doc.transact(() => {
      this.change(changes)
      this.#carried.set(id, digest)
    }, own)
  }

  /** A place that stays where it is while the text changes around it. */
  place(index: number): Uint8Array {
    return Y.encodeRelativePosition(Y.createRelativePositionFromTypeIndex(this.#text, index))
  }

  /** Null when it is not in this text, or not yet. */
  indexOf(place: Uint8Array): number | null {
    const found = Y.createAbsolutePositionFromRelativePosition(Y.decodeRelativePosition(place), this.#doc)
    return found?.type === this.#text ? found.index : null
  }

  destroy(): void {
    this.#doc.destroy()
  }
}

function changesOf(delta: Y.YTextEvent['delta']): readonly Change[] {
  const changes: Change[] = []
  let at = 0
  for (const { retain = 0, delete: gone = 0, insert } of delta) {
    at += retain
    const last = changes.at(-1)
    const text = typeof insert === 'string' ? insert : ''
    // A replacement is one change, whichever half comes first.
    if (last && last.to === at && retain === 0) {
      changes[changes.length - 1] = { from: last.from, to: at + gone, insert: last.insert + text }
    } else if (gone > 0 || text) changes.push({ from: at, to: at + gone, insert: text })
    at += gone
  }
  return changes
}
