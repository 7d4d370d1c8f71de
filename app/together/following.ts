import type { Present, SharedFrame } from '../lib/protocol'
import { Store } from '../terminal/store'

/** Who follows says so again after this. */
const renewMs = 5000
/** Who has not said so for this long follows no more. */
const followsMs = 3 * renewMs
/** What is seen here is told this often. */
const tellMs = 150
/** Further windows are told nothing. */
const followersMax = 50
const nothing = new Uint8Array()

/** A file, and the first line of it that is seen. */
export interface View {
  readonly path: string
  readonly line: number
}

type Frame = Extract<SharedFrame, { kind: 'follow' | 'view' }>

/** Whose view this window follows, and who follows this one. */
export class Following {
  /** The window that is followed. */
  readonly whom = new Store<string | null>(null)
  /** What is seen there. */
  readonly view = new Store<View | null>(null)
  /** Until when each follows. */
  readonly #followers = new Map<string, number>()
  #own: View | null = null
  #renew: ReturnType<typeof setInterval> | undefined
  #telling: ReturnType<typeof setTimeout> | undefined

  constructor(
    private readonly others: {
      up(): boolean
      people(): readonly Present[]
      tell(frame: Frame): void
    },
  ) {}

  follow(id: string | null): void {
    clearInterval(this.#renew)
    this.view.set(null)
    this.whom.set(id)
    if (id === null) return
    const say = () => this.others.up() && this.others.tell({ kind: 'follow', to: id, bytes: nothing })
    say()
    this.#renew = setInterval(say, renewMs)
  }

  /** What is seen here now. */
  shows(path: string, line: number): void {
    if (this.#own?.path === path && this.#own.line === line) return
    this.#own = { path, line }
    if (this.#followers.size > 0) this.#telling ??= setTimeout(() => this.#tell(), tellMs)
  }

  hear(from: string, frame: Frame): void {
    if (frame.kind === 'view') {
      if (from === this.whom.get()) this.view.set({ path: frame.path, line: frame.line })
      return
    }
    if (this.#followers.size >= followersMax && !this.#followers.has(from)) return
    const isNew = !this.#followers.has(from)
    this.#followers.set(from, Date.now() + followsMs)
    if (isNew) this.#tell([from])
  }

  peopleChanged(): void {
    const whom = this.whom.get()
    // While the line is down nobody is seen.
    if (whom !== null && this.others.up() && !this.others.people().some(({ id }) => id === whom))
      this.follow(null)
  }

  #tell(to: Iterable<string> = this.#followers.keys()): void {
    this.#telling = undefined
    const now = Date.now()
    for (const id of [...to]) {
      if ((this.#followers.get(id) ?? 0) < now) this.#followers.delete(id)
      else if (this.#own && this.others.up())
        this.others.tell({ kind: 'view', to: id, bytes: nothing, ...this.#own })
    }
  }

  dispose(): void {
    clearInterval(this.#renew)
    clearTimeout(this.#telling)
  }
}
