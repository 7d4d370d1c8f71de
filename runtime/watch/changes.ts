import { type FileChange, pathText, watchChangesMax } from '../../protocol/api/index.js'

/** Of the paths of one batch. */
const batchBytesMax = 128 * 1024

interface Pending {
  readonly type: FileChange['type']
  readonly from?: string | undefined
}

/** Changes that are not told yet, in order; those of one path become one. Paths are bytes as latin1. */
export class Changes {
  readonly #pending = new Map<string, Pending>()
  #bytes = 0
  #lost = false

  /** There were more than are told at a time. */
  get lost(): boolean {
    return this.#lost
  }

  get empty(): boolean {
    return this.#pending.size === 0
  }

  add(path: string, type: 'created' | 'modified' | 'deleted'): void {
    const before = this.#pending.get(path)
    // What is made, or came here, and is then written to is still new to whoever hears of it.
    if (type === 'modified' && before !== undefined && before.type !== 'deleted') return
    if (type === 'deleted' && before?.from !== undefined) this.#put(before.from, { type })
    this.#put(path, { type })
  }

  moved(from: string, path: string): void {
    const before = this.#pending.get(path)
    if (before?.from !== undefined) this.#put(before.from, { type: 'deleted' })
    this.#put(path, { type: 'moved', from })
  }

  /** What there is, which is told by that. */
  take(): FileChange[] {
    const changes = Array.from(this.#pending, ([path, { type, from }]): FileChange => {
      const shown = { path: shownPath(path), type }
      return from === undefined ? shown : { ...shown, from: shownPath(from) }
    })
    this.clear()
    return changes
  }

  clear(): void {
    this.#pending.clear()
    this.#bytes = 0
    this.#lost = false
  }

  #put(path: string, change: Pending): void {
    if (this.#lost) return
    this.#pending.delete(path)
    this.#pending.set(path, change)
    this.#bytes += path.length + (change.from?.length ?? 0)
    if (this.#pending.size <= watchChangesMax && this.#bytes <= batchBytesMax) return
    this.#pending.clear()
    this.#lost = true
  }
}

const shownPath = (path: string) => pathText(Buffer.from(path, 'latin1'))
