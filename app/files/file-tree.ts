import { z } from 'zod'
import '../lib/jitless'
import { ApiError } from '../lib/api'
import type { FileEntry } from '../lib/protocol'
import { TextError } from '../lib/text-error'
import { read, write } from '../terminal/preferences'
import { Store } from '../terminal/store'
import type { FilesClient } from './client'
import { freeName, homePath, isWithin, joinPath, movedPath, nameOf, parentsOf, placedIn } from './paths'
import { type EntryRow, type Listing, type Naming, type Row, rowsOf, sorted } from './rows'
import { Trash, type Trashed } from './trash'

/** A directory with more entries is not read again without being asked for: each time would be megabytes. */
const refreshedEntriesMax = 2000
/** So many expanded directories are remembered, and kept fresh. */
const rememberedMax = 100

/** An entry that was cut or copied. */
export interface Held {
  readonly path: string
  readonly how: 'cut' | 'copy'
}

const remembered = z.array(z.string().max(4096)).max(rememberedMax).catch([])
const none: Listing = { entries: [], truncated: false, loading: false, error: undefined }

/**
 * The files of a sandbox as a tree that is read directory by directory, when one is expanded. Kept outside of React, so
 * that it stays when its pane is hidden.
 */
export class FileTreeModel {
  readonly rows = new Store<readonly Row[]>([])
  readonly selected = new Store<string | null>(null)
  readonly naming = new Store<Naming | null>(null)
  /** What was cut or copied, to be put somewhere else. */
  readonly held = new Store<Held | null>(null)
  /** What was deleted last and can be put back. */
  readonly lastTrashed = new Store<Trashed | null>(null)
  readonly trash: Trash
  readonly root = homePath
  #named = 0
  /** Changes are told: nothing has to be read again to see them. */
  watched = false
  /** Whoever is here may only look. */
  looking = false
  readonly #listings = new Map<string, Listing>()
  /** The number of the latest reading of each directory: an answer to an earlier one is out of date. */
  readonly #readings = new Map<string, number>()
  readonly #expanded: Set<string>

  constructor(
    private readonly sandboxId: string,
    readonly client: FilesClient,
  ) {
    this.trash = new Trash(client)
    this.#expanded = new Set(remembered.parse(read(this.#key) ?? []))
    this.naming.subscribe(() => this.#draw())
    this.#draw()
  }

  /** Reads the root, and what was expanded at the last visit. */
  load(): void {
    void this.#list(this.root).then(() => {
      for (const path of this.#expanded) void this.#list(path)
    })
  }

  /** @param asked by a person: large directories as well */
  async refresh(asked = false): Promise<void> {
    await this.#listAgain(asked, () => true)
  }

  /** Reads those directories again that have one of these entries, or had it. */
  async refreshWhere(entries: ReadonlySet<string>): Promise<void> {
    const changed = new Set([...entries].flatMap(parentsOf))
    await this.#listAgain(false, (path) => changed.has(path))
  }

  async #listAgain(asked: boolean, wanted: (path: string) => boolean): Promise<void> {
    const shown = [this.root, ...this.#expanded].filter((path) => {
      const entries = this.#listings.get(path)?.entries.length ?? 0
      return wanted(path) && (asked || entries <= refreshedEntriesMax)
    })
    await Promise.all(shown.slice(0, rememberedMax).map((path) => this.#list(path)))
  }

  async expand(path: string): Promise<void> {
    this.#expanded.add(path)
    this.#remember()
    this.#draw()
    await this.#list(path)
  }

  collapse(path: string): void {
    this.#expanded.delete(path)
    this.#remember()
    const selected = this.selected.get()
    if (selected !== null && selected !== path && isWithin(selected, path)) this.selected.set(path)
    this.#draw()
  }

  collapseAll(): void {
    this.#expanded.clear()
    this.#remember()
    this.#draw()
  }

  /** Whether a link leads to a directory, which is then expanded. */
  async expandLink(path: string): Promise<boolean> {
    try {
      this.#put(path, await this.client.list(path))
    } catch (error) {
      if (error instanceof ApiError) return false
      throw error
    }
    this.#expanded.add(path)
    this.#remember()
    this.#draw()
    return true
  }

  /** The entry of a path that is shown. */
  row(path: string | null): EntryRow | undefined {
    return this.rows.get().find((row) => row.kind === 'entry' && row.entry.path === path) as
      | EntryRow
      | undefined
  }

  /** Asks for the name of something new. */
  nameNew(type: 'file' | 'directory', parent: string): void {
    this.naming.set({ kind: 'new', type, parent, serial: ++this.#named })
  }

  /** Where something new goes: the selected directory, or the one that the selected file is in. */
  target(): string {
    const row = this.row(this.selected.get())
    if (!row) return this.root
    return row.expanded === null ? row.parent : row.entry.path
  }

  /** The names that a directory has, as far as they are known. */
  names(path: string): ReadonlySet<string> {
    return new Set(this.#listings.get(path)?.entries.map(({ name }) => name))
  }

  async create(parent: string, name: string, type: 'file' | 'directory'): Promise<FileEntry> {
    const path = joinPath(parent, name)
    const made = await this.#make(path, type).catch((error: unknown) => {
      throw error instanceof ApiError && error.code === 'precondition_failed' ? new NameTaken(name) : error
    })
    await this.#list(parent)
    this.selected.set(made.path)
    return made
  }

  async #make(path: string, type: 'file' | 'directory'): Promise<FileEntry> {
    if (type === 'file') return this.client.write(path, '', { version: null })
    // Making a directory that exists succeeds.
    if (await this.client.stat(path).catch(() => null)) throw new NameTaken(nameOf(path))
    return this.client.makeDirectory(path)
  }

  rename({ entry, parent }: EntryRow, name: string): Promise<string> {
    return this.#move(entry.path, joinPath(parent, name))
  }

  /** Moves an entry into a directory. @returns where it is now */
  moveInto(path: string, directory: string): Promise<string> {
    return this.#move(path, placedIn(directory, path))
  }

  /** Puts what was cut or copied into a directory. @returns where it is now */
  async paste({ path, how }: Held, directory: string): Promise<string> {
    if (how === 'cut') {
      this.held.set(null)
      return this.moveInto(path, directory)
    }
    const { entries } = await this.client.list(directory)
    const made = await this.client.copy(
      path,
      freeName(placedIn(directory, path), new Set(entries.map((one) => one.path))),
    )
    await this.#list(directory)
    this.selected.set(made.path)
    return made.path
  }

  async #move(from: string, to: string): Promise<string> {
    if (from === to) return from
    const { path } = await this.client.move(from, to)
    for (const open of [...this.#expanded]) {
      const now = movedPath(open, from, path)
      if (now === open) continue
      this.#expanded.delete(open)
      this.#expanded.add(now)
      void this.#list(now)
    }
    this.#remember()
    const parents = [...parentsOf(from), ...parentsOf(path)].filter((one) => this.#listings.has(one))
    await Promise.all([...new Set(parents)].map((parent) => this.#list(parent)))
    this.selected.set(path)
    return path
  }

  /** Puts an entry into the trash. */
  async discard(row: EntryRow): Promise<Trashed> {
    const trashed = await this.trash.put(row.entry.path)
    this.lastTrashed.set(trashed)
    await this.#gone(row)
    return trashed
  }

  /** Puts back what was put into the trash. @returns where it is now */
  async undo(trashed: Trashed): Promise<string> {
    if (this.lastTrashed.get() === trashed) this.lastTrashed.set(null)
    const path = await this.trash.restore(trashed)
    await this.refreshWhere(new Set([path]))
    this.selected.set(path)
    return path
  }

  /** Deletes an entry for good. */
  async remove(row: EntryRow): Promise<void> {
    await this.client.remove(row.entry.path)
    await this.#gone(row)
  }

  async #gone({ entry, parent }: EntryRow): Promise<void> {
    for (const open of [...this.#expanded]) if (isWithin(open, entry.path)) this.#expanded.delete(open)
    this.#remember()
    this.#selectNeighbour(entry.path, parent)
    await this.#list(parent)
  }

  /** The next entry of the directory, else the one before, else the directory itself. */
  #selectNeighbour(path: string, parent: string): void {
    const entries = this.#listings.get(parent)?.entries ?? []
    const at = entries.findIndex((entry) => entry.path === path)
    const near = entries[at + 1] ?? entries[at - 1]
    this.selected.set(near?.path ?? (parent === this.root ? null : parent))
  }

  async #list(path: string): Promise<void> {
    const before = this.#listings.get(path) ?? none
    this.#listings.set(path, { ...before, loading: true })
    if (before.entries.length === 0) this.#draw()
    const reading = (this.#readings.get(path) ?? 0) + 1
    this.#readings.set(path, reading)
    try {
      const found = await this.client.list(path)
      if (reading !== this.#readings.get(path)) return
      this.#put(path, found)
    } catch (error) {
      if (reading !== this.#readings.get(path)) return
      if (path !== this.root && error instanceof ApiError && error.code === 'file_not_found') {
        this.#expanded.delete(path)
        this.#listings.delete(path)
        this.#remember()
      } else this.#listings.set(path, { ...before, loading: false, error })
    }
    this.#draw()
  }

  #put(path: string, { entries, truncated }: { entries: readonly FileEntry[]; truncated: boolean }): void {
    this.#listings.set(path, { entries: sorted(entries), truncated, loading: false, error: undefined })
  }

  #draw(): void {
    this.rows.set(rowsOf(this.root, this.#listings, this.#expanded, this.naming.get()))
  }

  get #key(): string {
    return `cloche-files-${this.sandboxId}`
  }

  #remember(): void {
    write(this.#key, [...this.#expanded].slice(-rememberedMax))
  }
}

/** Something has the name already. */
export class NameTaken extends TextError {
  constructor(taken: string) {
    super('files.nameTaken', { name: taken })
    this.name = 'NameTaken'
  }
}
