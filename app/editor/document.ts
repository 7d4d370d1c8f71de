import type { FilesClient } from '../files/client'
import { nameOf } from '../files/paths'
import { ApiError } from '../lib/api'
import { Store } from '../terminal/store'
import { type DiskText, FileGone, readText } from './disk-text'
import type { Drafts } from './drafts'
import type { Sharing } from './sharing'
import { withPlainBreaks } from './text'

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

/** Without a key for so long, the text is saved. */
const autoSaveMs = 1000
/** When it is another window's to save, that window has so long. */
const otherSavesMs = 5000
/** And kept in this browser, which costs less. */
const draftMs = 250

/** A version of the file, and its text where that is known. */
export interface Base {
  readonly version: string
  readonly text: string | null
}

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
  /** The first line that is to be seen, as somebody sees it who is followed. The cursor stays where it is. */
  readonly seen = new Store<{ readonly line: number } | null>(null)
  #path: string
  #text = ''
  /** Takes the text from the editor, which has a newer one. */
  #edited: (() => string) | null = null
  /** What the disk had that the text was made from; null when there is none. Its text is not always known. */
  #base: Base | null = null
  #sharing: Sharing | null = null
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
      if (!draft || draft.text === disk.text) return this.#begin(disk.text, disk, false)
      this.#begin(draft.text, disk, true)
      if (draft.base !== disk.version) return this.#conflict('changed')
      this.#setSave({ kind: 'unsaved' })
      this.#schedule()
    } catch (error) {
      this.status.set({ kind: 'failed', error })
    }
  }

  #begin(text: string, base: Base | null, edited: boolean): void {
    this.#text = text
    this.#edited = null
    this.#base = base
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
    // What others type here is theirs to save.
    if (this.looking) return
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
    const own = this.#sharing?.writes ?? true
    this.#saveTimer = setTimeout(() => void this.saveNow(), own ? autoSaveMs : otherSavesMs)
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
    if (this.#sharing?.paused) {
      this.#schedule()
      return false
    }
    const edits = this.#edits
    const text = this.text
    this.#setSave({ kind: 'saving' })
    this.#sharing?.saving(text)
    try {
      const expected = overwrite ? null : { version: this.#base?.version ?? null }
      const { etag } = await this.client.write(this.#path, text, expected)
      this.#saved(edits, etag === null ? null : { text, version: etag })
      return true
    } catch (error) {
      return this.#notSaved(error, text, edits)
    }
  }

  #saved(edits: number, base: DiskText | null): void {
    this.#base = base
    if (base) this.#sharing?.saved(base.text, base.version)
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
        this.#saved(edits, disk)
        return true
      }
      if (disk.kind === 'text' && (await this.#takeIn(disk))) {
        this.#setSave({ kind: 'unsaved' })
        return this.#saveOnce(false)
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
    if (disk.kind === 'text') {
      this.#begin(disk.text, disk, false)
      this.#sharing?.saved(disk.text, disk.version)
    } else if (disk.kind === 'unfit') this.status.set(disk)
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
   * @param theirs the disk's: what was saved there since is not overwritten
   * @returns whether the disk has it now
   */
  resolve(text: string, theirs: DiskText): Promise<boolean> {
    this.#text = text
    this.#edited = null
    this.#base = theirs
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
    // Of several windows one looks, so that a change is not taken in twice.
    if (this.#sharing && (!this.#sharing.writes || this.#sharing.paused)) return
    const [base, edits] = [this.#base, this.#edits]
    const disk = await this.#read(base.version).catch(() => null)
    // What was saved or typed meanwhile is newer than this answer.
    if (!disk || disk.kind === 'same' || this.#base !== base || this.#edits !== edits) return
    if (this.save?.kind !== before) return
    if (disk.kind === 'gone') return this.#conflict('gone')
    if (disk.kind === 'text' && (await this.#takeIn(disk))) return
    if (before === 'unsaved' || this.#sharing) this.#conflict('changed')
    else if (disk.kind === 'unfit') this.status.set(disk)
    else if (disk.text === this.text) this.#base = disk
    else this.#begin(disk.text, disk, false)
  }

  /** What the text was made from. */
  get base(): Base | null {
    return this.#base
  }

  /** From now on several windows have this text, or not any more. */
  share(sharing: Sharing | null): void {
    this.#sharing = sharing
    if (this.save?.kind === 'unsaved') this.#schedule()
  }

  /** What something else wrote to the disk goes into the text that several windows edit. @returns whether it is in it */
  async #takeIn(disk: DiskText): Promise<boolean> {
    const sharing = this.#sharing
    const base = this.#base
    if (!sharing) return false
    if (!(await sharing.isOurs(disk.text))) {
      // It was told meanwhile what this is.
      if (this.#sharing !== sharing || this.#base !== base) return true
      if (base?.text == null || !sharing.merge(base.text, disk.text)) return false
      sharing.saved(disk.text, disk.version)
    }
    this.savedElsewhere(disk)
    return true
  }

  /** Another window saved the file. */
  savedElsewhere({ version, text }: Base): void {
    this.#base = { version, text }
    const kind = this.save?.kind
    // The answer to what is being saved here says more.
    if (kind === undefined || kind === 'saving' || this.looking) return
    if (text !== null && withPlainBreaks(text) === withPlainBreaks(this.text)) this.#settled()
    else if (kind === 'saved' || kind === 'conflict') {
      this.#setSave({ kind: 'unsaved' })
      this.#schedule()
    }
  }

  /** Other windows have all of the text, and one of them saves it. */
  handOver(): void {
    if (this.save?.kind === 'unsaved') this.#settled()
  }

  #settled(): void {
    clearTimeout(this.#saveTimer)
    clearTimeout(this.#draftTimer)
    this.#savedEdits = this.#edits
    void this.drafts.drop(this.#path)
    this.#setSave({ kind: 'saved' })
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
    await this.drafts.keep(this.#path, { text: this.text, base: this.#base?.version ?? null })
  }

  #conflict(disk: 'changed' | 'gone'): void {
    clearTimeout(this.#saveTimer)
    this.#setSave({ kind: 'conflict', disk, put: 'asked' })
  }

  #setSave(save: SaveState): void {
    this.status.set({ kind: 'open', save })
  }

  /** @param version the one that is known: then the answer may be `same` */
  #read(version: string | null) {
    return readText(this.client, this.#path, version)
  }
}
