import type { DiskText } from '../editor/disk-text'
import type { Sharing } from '../editor/sharing'
import { withPlainBreaks } from '../editor/text'
import type { Present, TextFrame } from '../lib/protocol'
import { applied, type Change, changesBetween, mergedChanges } from './changes'
import { KnownSaves } from './known-saves'
import { leadOf, type Peer } from './lead'
import { Parts } from './parts'
import { bytesOfPlace, type Place, placeIn } from './places'
import { digestOf, isOlder, SharedText, type TextId } from './shared-text'
import type { Channel, OtherCursor, Page } from './sides'
import { Telling } from './telling'

/** What was lost on the way is asked for this often. */
const announceMs = 10_000
/** What two windows disagree about is told again after this. */
const againMs = 500
/** So long the text of another window that carries unsaved changes over is waited for. */
const carryMs = 1500
/** Another window has so long to say that it was the one that saved. */
const oursMs = 1000
/** Without a line for longer than this, the text is saved all the same, if nothing else saved the file meanwhile. */
const pausedMs = 30_000
/** After this, nobody else has the text who could say more of it. */
const answersMs = 2000
const nothing = new Uint8Array([0])

/** Every window has a text of its own with the same id, and tells the others of each change. Nobody else has it. */
export class SharedFile implements Sharing {
  #text: SharedText
  /** An older text of others, which is to be this window's too. */
  #coming: { readonly text: SharedText; tries: number } | null = null
  readonly #peers = new Map<string, Peer>()
  readonly #telling: Telling
  readonly #parts = new Parts()
  readonly #cursors = new Map<string, Uint8Array>()
  readonly #ours = new KnownSaves()
  #known: { readonly digest: string; readonly text: string } | null = null
  #seenVersion: string | null = null
  #downAt: number | null = null
  /** The line broke, and nobody has told since what happened meanwhile. */
  #interrupted = false
  #stopped = false
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  readonly #interval: ReturnType<typeof setInterval>

  /** @param disk what the text in this window was made from, with `\n` between lines */
  constructor(
    private readonly path: string,
    private readonly page: Page,
    private readonly channel: Channel,
    { version, text }: DiskText,
  ) {
    this.#telling = new Telling(path, channel, (forGood) => {
      if (this.#stopped) return
      if (forGood) this.#end()
      // What was not passed on is asked for by who hears what there is.
      else this.#announceSoon()
    })
    this.#text = this.#made({ id: `${digestOf(text)} ${version}`, since: Date.now() })
    this.#text.seed(text)
    this.#seenVersion = version
    if (page.mayType) this.#text.change(changesBetween(text, page.text()))
    this.announce()
    this.#interval = setInterval(() => this.#others.length > 0 && this.announce(), announceMs)
  }

  get writes(): boolean {
    return this.page.mayType && this.#lead === this.channel.own
  }

  get paused(): boolean {
    return this.#downAt !== null && Date.now() - this.#downAt < pausedMs
  }

  /** Something was typed here. */
  change(changes: readonly Change[]): void {
    this.#text.change(changes)
  }

  saving(text: string): void {
    const plain = withPlainBreaks(text)
    const digest = digestOf(plain)
    this.#ours.add(digest)
    this.#text.saving(digest)
  }

  saved(text: string, version: string): void {
    const digest = digestOf(withPlainBreaks(text))
    this.#ours.add(digest)
    this.#seenVersion = version
    this.#interrupted = false
    this.#text.saved(digest, version)
  }

  async isOurs(text: string): Promise<boolean> {
    const digest = digestOf(withPlainBreaks(text))
    return this.#ours.has(digest) || (this.channel.up && this.#ours.hasWithin(digest, oursMs))
  }

  merge(base: string, disk: string): boolean {
    // What came from here before the line broke may be in it.
    if (this.#interrupted) return false
    const changes = mergedChanges(withPlainBreaks(base), withPlainBreaks(disk), this.page.text())
    if (changes.length > 0) this.page.edit(changes)
    return true
  }

  /** @param place where the cursor is here; null where it is not in the text */
  point(place: Place | null): void {
    if (!this.channel.up) return
    const bytes = bytesOfPlace(this.#text, place)
    void this.channel.tell({ kind: 'cursor', path: this.path, text: this.#text.name, bytes })
  }

  /** The line broke, or is back. */
  lineChanged(): void {
    if (!this.channel.up) {
      this.#downAt ??= Date.now()
      this.#interrupted = true
      return
    }
    if (this.#downAt === null) return
    this.announce()
    this.#later(answersMs, () => {
      if (this.channel.up) this.#downAt = null
    })
  }

  /** Who is there has changed. */
  peopleChanged(): void {
    const there = new Set(this.#others.map(({ id }) => id))
    // While the line is down nobody is seen.
    if (!this.channel.up) return
    for (const id of this.#peers.keys()) if (!there.has(id)) this.#peers.delete(id)
    for (const id of this.#cursors.keys()) if (!there.has(id)) this.#cursors.delete(id)
    this.#showCursors()
  }

  /** Says what this window has. */
  announce(to?: string, answer = false): void {
    const { name: text, have: bytes, text: whole } = this.#text
    this.#telling.have({ text, bytes, digest: digestOf(whole), version: this.#version, answer }, to)
  }

  hear(from: string, frame: TextFrame): void {
    if (frame.path !== this.path || this.#stopped) return
    try {
      if (frame.text.id === this.#text.id) this.#hearOwn(from, frame)
      else this.#hearOther(from, frame)
    } catch {
      // What is no change of a text is not taken in: whoever sent it is no page of ours.
    }
  }

  /** @param handOver the text is not shown any more here, and goes on elsewhere */
  stop(handOver: boolean): void {
    if (this.#stopped) return
    this.#stopped = true
    const others = this.#others.some(
      ({ id, mayType }) => mayType && this.#peers.get(id)?.text === this.#text.id,
    )
    if (handOver && others && this.channel.up && this.#telling.done && !this.#interrupted) {
      this.page.handOver()
    }
    this.point(null)
    clearInterval(this.#interval)
    for (const timer of this.#timers) clearTimeout(timer)
    this.#ours.end()
    this.page.cursors([])
    this.#coming?.text.destroy()
    this.#text.destroy()
  }

  get #others(): readonly Present[] {
    return this.channel.people.filter(({ id, files }) => id !== this.channel.own && files.includes(this.path))
  }

  /** Who saves. */
  get #lead(): string | null {
    const { own: id, hidden, people } = this.channel
    return leadOf(people, { id, hidden, text: this.#text.id, path: this.path }, this.#peers)
  }

  get #version(): string {
    return versionOf(this.#text)
  }

  #made(name: TextId): SharedText {
    const made: SharedText = new SharedText(name.id, name.since, {
      changed: (update) => made === this.#text && this.#telling.edit(made.name, update),
      applied: (changes) => made === this.#text && this.page.apply(changes),
    })
    return made
  }

  #hearOwn(from: string, frame: TextFrame): void {
    this.#text.since = Math.min(this.#text.since, frame.text.since)
    if (frame.kind === 'cursor') {
      this.#cursors.set(from, frame.bytes)
      this.#showCursors()
      return
    }
    if (frame.kind === 'have') {
      this.#hearHave(from, frame)
      return
    }
    const update = this.#parts.take(from, frame)
    if (update === null) return
    this.#text.apply(update)
    this.#heardOf(from)
    this.#applied()
  }

  #hearHave(from: string, frame: Extract<TextFrame, { kind: 'have' }>): void {
    // Whoever has nothing of it is still with another text.
    const asks = frame.digest === ''
    const isNew = this.#peers.get(from)?.text !== frame.text.id
    if (!asks) {
      this.#peers.set(from, { text: frame.text.id, hidden: frame.hidden })
      this.#heardOf(from)
    }
    const { more, less } = this.#text.compare(frame.bytes)
    const differs = more || (!less && frame.digest !== digestOf(this.#text.text))
    const mine = frame.to === this.channel.own || this.#lead === this.channel.own
    if (differs && this.page.mayType && (mine || this.#text.hasOwnBeyond(frame.bytes))) {
      this.#telling.edit(this.#text.name, this.#text.missing(frame.bytes), from, asks)
    }
    if ((less || isNew) && !frame.answer) this.announce(from, true)
  }

  /** Somebody with the same text answers: what happened while the line was down is known, or comes. */
  #heardOf(from: string): void {
    if (!this.#peers.has(from)) this.#peers.set(from, { text: this.#text.id, hidden: false })
    if (!this.channel.up) return
    this.#interrupted = false
    this.#downAt = null
  }

  #hearOther(from: string, frame: TextFrame): void {
    if (this.#coming?.text.id === frame.text.id && frame.kind === 'edit') {
      const update = this.#parts.take(from, frame)
      if (update === null) return
      this.#coming.text.apply(update)
      if (frame.whole && !this.#coming.text.lacks) this.#adopt()
      return
    }
    if (frame.kind === 'cursor') return
    this.#peers.set(from, { text: frame.text.id, hidden: frame.kind === 'have' && frame.hidden })
    const theyMay = this.channel.people.find(({ id }) => id === from)?.mayType ?? false
    const { mayType } = this.page
    // Who only looks follows.
    if (!mayType && theyMay) {
      this.#want(from, frame.text)
      return
    }
    if (!mayType || !theyMay || frame.kind !== 'have') {
      this.#announceSoon()
      return
    }
    if (frame.version !== this.#version) {
      // One of them does not know the disk as it is.
      if (this.writes) this.page.checkDisk()
      this.#announceSoon()
      return
    }
    if (isOlder(frame.text, this.#text.name)) this.#want(from, frame.text)
    else this.#announceSoon()
  }

  #announcing = false
  #announceSoon(): void {
    if (this.#announcing) return
    this.#announcing = true
    this.#later(againMs, () => {
      this.#announcing = false
      this.announce()
    })
  }

  #want(from: string, name: TextId): void {
    if (this.#coming && this.#coming.text.id !== name.id) {
      this.#coming.text.destroy()
      this.#coming = null
    }
    if (this.#coming) this.#coming.text.since = Math.min(this.#coming.text.since, name.since)
    this.#coming ??= { text: this.#made(name), tries: 0 }
    const version = this.#version
    this.#telling.have({ text: name, bytes: nothing, digest: '', version, answer: true }, from)
  }

  /** Goes on with the text that has come. What is unsaved here is put into it, once. */
  #adopt(): void {
    const coming = this.#coming
    if (!coming || this.#stopped) return
    const [before, next] = [this.#text, coming.text]
    const { mayType } = this.page
    if (mayType && versionOf(next) !== this.#version) {
      this.#coming = null
      next.destroy()
      this.#announceSoon()
      return
    }
    const mine = this.page.text()
    const base = this.page.base()?.text ?? null
    const theirs = next.text
    const dirty = mayType && mine !== theirs && (base === null || mine !== withPlainBreaks(base))
    let carry: readonly Change[] = []
    if (dirty) {
      const carried = next.carried(before.id)
      // Another window with the same text puts the changes of all in: twice would be twice.
      if (carried === null && !this.writes && coming.tries++ < 2) {
        this.#later(carryMs, () => this.#coming === coming && this.#adopt())
        return
      }
      if (base === null || (carried !== null && carried !== digestOf(mine))) {
        this.#end()
        return
      }
      if (carried === null) carry = mergedChanges(withPlainBreaks(base), mine, theirs)
    }
    this.#coming = null
    this.#text = next
    this.#seenVersion = this.page.base()?.version ?? null
    this.page.apply(changesBetween(mine, applied(theirs, carry)))
    if (carry.length > 0) next.carry(before.id, digestOf(mine), carry)
    before.destroy()
    this.#applied()
    this.announce()
  }

  /** After something came: what it says of the disk, and whether it is what is shown. */
  #applied(): void {
    if (this.#text.lacks) this.#announceSoon()
    const text = this.page.text()
    if (text.length !== this.#text.length) {
      this.#end()
      return
    }
    const { saving, version, digest } = this.#text.disk
    if (saving !== null && !this.#ours.has(saving)) {
      this.#ours.add(saving)
      if (digestOf(text) === saving) this.#known = { digest: saving, text }
    }
    if (version !== null && version !== this.#seenVersion) {
      this.#seenVersion = version
      this.#ours.add(digest)
      const same = digestOf(text) === digest ? text : null
      const known = this.#known?.digest === digest ? this.#known.text : null
      this.page.savedElsewhere({ version, text: same ?? known })
    }
    this.#showCursors()
  }

  #showCursors(): void {
    const shown = this.#others.flatMap((person): OtherCursor[] => {
      const place = placeIn(this.#text, this.#cursors.get(person.id) ?? new Uint8Array())
      return place === null ? [] : [{ person, ...place }]
    })
    this.page.cursors(shown)
  }

  #end(): void {
    if (this.#stopped) return
    this.stop(false)
    this.page.ended()
  }

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      act()
    }, ms)
    this.#timers.add(timer)
  }
}

/** The version of the file that a text has everything of. */
const versionOf = (text: SharedText) => text.disk.version ?? text.id.slice(text.id.indexOf(' ') + 1)
