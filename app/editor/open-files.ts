import { z } from 'zod'
import '../lib/jitless'
import type { FilesClient } from '../files/client'
import { isWithin, movedPath } from '../files/paths'
import { read, write } from '../terminal/preferences'
import { Store } from '../terminal/store'
import { OpenDocument, type Place } from './document'
import { Drafts } from './drafts'

export interface Opened {
  readonly documents: readonly OpenDocument[]
  readonly active: OpenDocument | null
}

const openMax = 50
const remembered = z.object({
  paths: z.array(z.string().max(4096)).max(openMax).catch([]),
  active: z.string().nullable().catch(null),
})

/** The files that are open in the editor. This browser remembers which, and opens those that have unsaved text. */
export class OpenFiles {
  readonly state = new Store<Opened>({ documents: [], active: null })
  /** Changes are told: nothing has to be read again to see them. */
  watched = false
  /** What a person chose last. What is only restored leaves the focus to the terminal. */
  chosen: OpenDocument | null = null
  /** Counts how often somebody opened a file, also one that is shown already: its text takes the focus. */
  readonly asked = new Store(0)
  readonly #drafts: Drafts
  readonly #key: string

  constructor(
    userId: string,
    sandboxId: string,
    private readonly client: FilesClient,
  ) {
    this.#drafts = new Drafts(userId, sandboxId)
    this.#key = `cloche-editor-${sandboxId}`
  }

  /** Opens what was open at the last visit. */
  async restore(): Promise<void> {
    const { paths, active } = remembered.parse(read(this.#key) ?? {})
    const unsaved = await this.#drafts.paths()
    const all = [...new Set([...paths, ...unsaved])].slice(0, openMax)
    if (all.length === 0 || this.state.get().documents.length > 0) return
    const documents = all.map((path) => this.#document(path))
    const chosen = documents.find(({ path }) => path === active) ?? documents[0] ?? null
    this.state.set({ documents, active: chosen })
    void chosen?.load()
    for (const document of documents) if (unsaved.includes(document.path)) void document.load()
  }

  open(path: string, place: Place | null = null): void {
    const { documents } = this.state.get()
    const known = documents.find((document) => document.path === path)
    const document = known ?? this.#document(path)
    if (!known) this.state.set({ documents: [...documents, document], active: document })
    if (place) document.wanted.set(place)
    this.activate(document)
    this.asked.set(this.asked.get() + 1)
  }

  activate(document: OpenDocument): void {
    this.chosen = document
    this.#set({ ...this.state.get(), active: document })
    void document.load()
    void document.checkDisk()
  }

  /** The next or previous one, round the ends. */
  step(by: 1 | -1): void {
    const { documents, active } = this.state.get()
    const here = active ? documents.indexOf(active) : 0
    const next = documents[(here + by + documents.length) % documents.length]
    if (next) this.activate(next)
  }

  /** @param discard forgets what is not saved */
  close(document: OpenDocument, { discard = false } = {}): void {
    document.close({ discard })
    const { documents, active } = this.state.get()
    const index = documents.indexOf(document)
    const rest = documents.filter((one) => one !== document)
    const neighbour = rest[Math.min(index, rest.length - 1)] ?? null
    this.#set({ documents: rest, active: active === document ? neighbour : active })
    if (active === document) void neighbour?.load()
  }

  renamed(from: string, to: string): void {
    for (const document of this.state.get().documents) {
      const path = movedPath(document.path, from, to)
      if (path !== document.path) void document.move(path)
    }
    this.#set({ ...this.state.get() })
  }

  /** Saves what is unsaved of a file, or below a directory, as far as it can be saved. */
  async settle(path: string): Promise<void> {
    const within = this.unsaved.filter((document) => isWithin(document.path, path))
    await Promise.all(within.map((document) => document.saveNow()))
  }

  /**
   * Somebody deleted it here.
   * @param forGood they were asked before; otherwise what is not saved stays open
   */
  deleted(path: string, forGood: boolean): void {
    for (const document of this.state.get().documents) {
      const gone = isWithin(document.path, path) && (forGood || !document.unsaved)
      if (gone) this.close(document, { discard: true })
    }
  }

  get unsaved(): readonly OpenDocument[] {
    return this.state.get().documents.filter((document) => document.unsaved)
  }

  /** Saves what can be saved, and keeps the rest in this browser. */
  flush(): void {
    for (const document of this.unsaved) {
      void document.flush()
      if (document.save?.kind !== 'conflict') void document.saveNow()
    }
  }

  /** The same when one of these paths is its own, or of a directory that it is in. */
  checkWhere(paths: ReadonlySet<string>): void {
    const path = this.state.get().active?.path
    if (path !== undefined && [...paths].some((one) => isWithin(path, one))) this.checkDisk()
  }

  checkDisk(): void {
    void this.state.get().active?.checkDisk()
  }

  retry(): void {
    for (const document of this.state.get().documents) document.retry()
  }

  #document(path: string): OpenDocument {
    return new OpenDocument(path, this.client, this.#drafts)
  }

  #set(state: Opened): void {
    this.state.set(state)
    const { documents, active } = state
    write(this.#key, {
      paths: documents.slice(0, openMax).map(({ path }) => path),
      active: active?.path ?? null,
    })
  }
}
