import type { FilesClient } from '../files/client'
import { nameOf } from '../files/paths'
import { ApiError } from '../lib/api'
import { TextError } from '../lib/text-error'
import { Store } from '../terminal/store'
import type { Drafts } from './drafts'
import { decodeText, editableBytesMax } from './text'

export type SaveState =
  | { readonly kind: 'saved' | 'unsaved' | 'saving' }
  /** The text is kept here, and in this browser. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The file on the disk is not the one that the text was made from. Nothing is saved until somebody chooses. */
  | { readonly kind: 'conflict'; readonly disk: 'changed' | 'gone'; readonly put: 'asked' | 'aside' }

export type DocumentStatus =
  | { readonly kind: 'loading' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'unfit'; readonly reason: 'binary' | 'large'; readonly sizeBytes: number }
  | { readonly kind: 'open'; readonly save: SaveState }

/** What a file on the disk has, and which version of it that is. */
export interface DiskText {
  readonly text: string
  readonly version: string
}

type Disk =
  | (DiskText & { readonly kind: 'text' })
  | { readonly kind: 'unfit'; readonly reason: 'binary' | 'large'; readonly sizeBytes: number }
  | { readonly kind: 'same' }
  | { readonly kind: 'gone' }

/** Without a key for so long, the text is saved. */
const autoSaveMs = 1000
/** And kept in this browser, which costs less. */
const draftMs = 250

/** A line and a column in it, both from 1 on. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A file that is open in the editor: its text, and whether the disk has it. */
export class OpenDocument {
  readonly status = new Store<DocumentStatus>({ kind: 'loading' })
  /** Counts the times that the text was replaced by another than the editor's. */
  readonly replaced = new Store(0)
  /** Where the cursor is wanted, until the editor has put it there. */
  readonly wanted = new Store<Place | null>(null)
  #path: string
  #text = ''
  /** Takes the text from the editor, which has a newer one. */
  #edited: (() => string) | null = null
  /** The version on the disk that the text was made from; null when there is none. */
  #base: string | null = null
  /** Counts edits, and which of them the disk has. */
  #edits = 0
  #savedEdits = 0
  #saving: Promise<boolean> = Promise.resolve(true)
  #saveTimer: ReturnType<typeof setTimeout> | undefined
  #draftTimer: ReturnType<typeof setTimeout> | undefined
  #started = false
  #closed = false

  constructor(
    path: string,
    private readonly client: FilesClient,
    private readonly drafts: Drafts,
    /** It can be read only. */
    readonly looking = false,
  ) {
    this.#path = path
  }

  get path(): string {
    return this.#path
  }

  get name(): string {
    return nameOf(this.#path)
  }

  /** With the line breaks of the file. */
  get text(): string {
    if (this.#edited) this.#text = this.#edited()
    this.#edited = null
    return this.#text
  }

  get save(): SaveState | null {
    const status = this.status.get()
    return status.kind === 'open' ? status.save : null
  }

  /** There is text that the disk does not have. */
  get unsaved(): boolean {
    const save = this.save
    return save !== null && save.kind !== 'saved'
  }

  /** Reads the file, and what of it was not saved at an earlier visit. */
  async load(): Promise<void> {
    if (this.#started && this.status.get().kind !== 'failed') return
    this.#started = true
    this.status.set({ kind: 'loading' })
    try {
      const [disk, draft] = await Promise.all([this.#read(null), this.drafts.load(this.#path)])
      if (disk.kind === 'unfit') return this.status.set(disk)
      if (disk.kind !== 'text') {
        if (!draft) throw new FileGone(this.name)
        this.#begin(draft.text, null, true)
        return this.#conflict('gone')
      }
      if (!draft || draft.text === disk.text) return this.#begin(disk.text, disk.version, false)
      this.#begin(draft.text, disk.version, true)
      if (draft.base !== disk.version) return this.#conflict('changed')
      this.#setSave({ kind: 'unsaved' })
      this.#schedule()
    } catch (error) {
      this.status.set({ kind: 'failed', error })
    }
  }

  #begin(text: string, version: string | null, edited: boolean): void {
    this.#text = text
    this.#edited = null
    this.#base = version
    this.#edits = edited ? 1 : 0
    this.#savedEdits = 0
    this.replaced.set(this.replaced.get() + 1)
    if (!edited) {
      this.#setSave({ kind: 'saved' })
      void this.drafts.drop(this.#path)
    }
  }

  /** @param text gives what the editor has now */
  edit(text: () => string): void {
    this.#edited = text
    this.#edits++
    clearTimeout(this.#draftTimer)
    this.#draftTimer = setTimeout(() => void this.#keep(), draftMs)
    const save = this.save
    if (save?.kind === 'conflict') return
    if (save?.kind !== 'saving') this.#setSave({ kind: 'unsaved' })
    this.#schedule()
  }

  /** Takes another text, which is saved as if somebody had typed it. For a document that no editor has. */
  rewrite(text: string): void {
    this.edit(() => text)
    this.replaced.set(this.replaced.get() + 1)
  }

  #schedule(): void {
    clearTimeout(this.#saveTimer)
    this.#saveTimer = setTimeout(() => void this.saveNow(), autoSaveMs)
  }

  /** @returns whether the disk has the text now */
  saveNow(): Promise<boolean> {
    clearTimeout(this.#saveTimer)
    this.#saving = this.#saving.then(() => this.#saveOnce(false))
    return this.#saving
  }

  /** Saves whatever is on the disk. */
  overwrite(): Promise<boolean> {
    this.#saving = this.#saving.then(() => this.#saveOnce(true))
    return this.#saving
  }

  async #saveOnce(overwrite: boolean): Promise<boolean> {
    const save = this.save
    if (!save || this.#closed) return false
    if (save.kind === 'conflict' && !overwrite) {
      this.#conflict(save.disk)
      return false
    }
    if (save.kind === 'saved') return true
    const edits = this.#edits
    const text = this.text
    this.#setSave({ kind: 'saving' })
    try {
      const { etag } = await this.client.write(this.#path, text, overwrite ? null : { version: this.#base })
      this.#saved(edits, etag)
      return true
    } catch (error) {
      return this.#notSaved(error, text, edits)
    }
  }

  #saved(edits: number, version: string | null): void {
    this.#base = version
    this.#savedEdits = edits
    if (this.#edits === edits) {
      clearTimeout(this.#draftTimer)
      void this.drafts.drop(this.#path)
      this.#setSave({ kind: 'saved' })
    } else {
      this.#setSave({ kind: 'unsaved' })
      this.#schedule()
    }
  }

  async #notSaved(error: unknown, text: string, edits: number): Promise<boolean> {
    void this.#keep()
    if (!(error instanceof ApiError && error.code === 'precondition_failed')) {
      this.#setSave({ kind: 'failed', error })
      return false
    }
    try {
      const disk = await this.#read(null)
      // A save whose answer was lost on the way.
      if (disk.kind === 'text' && disk.text === text) {
        this.#saved(edits, disk.version)
        return true
      }
      this.#conflict(disk.kind === 'gone' ? 'gone' : 'changed')
    } catch {
      this.#conflict('changed')
    }
    return false
  }

  /** Takes what the disk has; the editor can undo that. */
  async reload(): Promise<void> {
    const disk = await this.#read(null)
    if (disk.kind === 'text') this.#begin(disk.text, disk.version, false)
    else if (disk.kind === 'unfit') this.status.set(disk)
    else this.#conflict('gone')
  }

  /** What the disk has, to be compared; null when it has no text there. */
  async theirs(): Promise<DiskText | null> {
    const disk = await this.#read(null)
    return disk.kind === 'text' ? disk : null
  }

  /**
   * Saves a text that was made from this one and from the disk's.
   *
   * @param version of the disk's: what was saved there since is not overwritten
   * @returns whether the disk has it now
   */
  resolve(text: string, version: string): Promise<boolean> {
    this.#text = text
    this.#edited = null
    this.#base = version
    this.#edits++
    this.replaced.set(this.replaced.get() + 1)
    this.#setSave({ kind: 'unsaved' })
    void this.#keep()
    return this.saveNow()
  }

  /** Goes on without a choice. */
  putAside(): void {
    const save = this.save
    if (save?.kind === 'conflict') this.#setSave({ ...save, put: 'aside' })
  }

  /** Looks whether somebody else changed the file: shows theirs, or the conflict when there is unsaved text here. */
  async checkDisk(): Promise<void> {
    const before = this.save?.kind
    if ((before !== 'saved' && before !== 'unsaved') || this.#base === null) return
    const [base, edits] = [this.#base, this.#edits]
    const disk = await this.#read(base).catch(() => null)
    // What was saved or typed meanwhile is newer than this answer.
    if (!disk || disk.kind === 'same' || this.#base !== base || this.#edits !== edits) return
    if (this.save?.kind !== before) return
    if (disk.kind === 'gone') return this.#conflict('gone')
    if (before === 'unsaved') this.#conflict('changed')
    else if (disk.kind === 'unfit') this.status.set(disk)
    else if (disk.text === this.text) this.#base = disk.version
    else this.#begin(disk.text, disk.version, false)
  }

  /** Tries again what failed while the sandbox or its server was away. */
  retry(): void {
    if (this.#started && this.status.get().kind === 'failed') void this.load()
    if (this.save?.kind === 'failed') void this.saveNow()
  }

  /** The file has another name now. */
  async move(path: string): Promise<void> {
    const before = this.#path
    this.#path = path
    if (!this.unsaved) return
    await this.#keep()
    await this.drafts.drop(before)
  }

  /** @param discard forgets what is not saved */
  close({ discard }: { discard: boolean }): void {
    clearTimeout(this.#saveTimer)
    clearTimeout(this.#draftTimer)
    this.#closed = true
    if (discard) void this.drafts.drop(this.#path)
  }

  /** Keeps unsaved text in this browser now: the page may go away. */
  async flush(): Promise<void> {
    if (this.unsaved) await this.#keep()
  }

  async #keep(): Promise<void> {
    if (this.#closed || this.#edits === this.#savedEdits) return
    await this.drafts.keep(this.#path, { text: this.text, base: this.#base })
  }

  #conflict(disk: 'changed' | 'gone'): void {
    clearTimeout(this.#saveTimer)
    this.#setSave({ kind: 'conflict', disk, put: 'asked' })
  }

  #setSave(save: SaveState): void {
    this.status.set({ kind: 'open', save })
  }

  /** @param version the one that is known: then the answer may be `same` */
  async #read(version: string | null): Promise<Disk> {
    try {
      const found = await this.client.readIfChanged(this.#path, version, editableBytesMax)
      if (found === 'same') return { kind: 'same' }
      if (found.bytes === null) return { kind: 'unfit', reason: 'large', sizeBytes: found.sizeBytes }
      const text = decodeText(found.bytes)
      if (text === null) return { kind: 'unfit', reason: 'binary', sizeBytes: found.sizeBytes }
      return { kind: 'text', text, version: found.version }
    } catch (error) {
      if (error instanceof ApiError && error.code === 'file_not_found') return { kind: 'gone' }
      throw error
    }
  }
}

class FileGone extends TextError {
  constructor(name: string) {
    super('editor.gone', { name })
    this.name = 'FileGone'
  }
}
