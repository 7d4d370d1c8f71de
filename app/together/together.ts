import type { Present, SharedFrame, SocketAck, TextFrame } from '../lib/protocol'
import type { TerminalLine } from '../terminal/line'
import { Store } from '../terminal/store'
import { Following } from './following'

/** Who else is in a workspace, over the socket of the terminals. */
export class Together {
  /** Everybody in the order in which they came, this window included. */
  readonly people = new Store<readonly Present[]>([])
  readonly following = new Following({
    up: () => this.up,
    people: () => this.people.get(),
    tell: (frame) => void this.tell(frame),
  })
  /** What the others call this window; null while it has not entered. */
  #own: string | null = null
  #files: readonly string[] = []
  readonly #undo: (() => void)[] = []
  readonly #hears = new Set<(from: string, frame: TextFrame) => void>()

  constructor(
    private readonly line: TerminalLine,
    readonly sandboxId: string,
  ) {
    this.#undo.push(
      line.onTogether(sandboxId, {
        people: (people) => this.people.set(people),
        told: (from, frame) => {
          if (frame.kind === 'follow' || frame.kind === 'view') this.following.hear(from, frame)
          else this.#hears.forEach((hear) => void hear(from, frame))
        },
      }),
      this.people.subscribe(() => this.following.peopleChanged()),
      line.status.subscribe(() => {
        if (line.status.get().kind === 'up') void this.#enter()
        else this.#left()
      }),
    )
    void this.#enter()
  }

  get own(): string | null {
    return this.#own
  }

  /** Others can be told something. */
  get up(): boolean {
    return this.#own !== null && this.line.connected
  }

  tell(frame: SharedFrame): Promise<SocketAck<{ reached: number }>> {
    return this.line.tell(this.sandboxId, frame)
  }

  /** @returns stops it */
  onTold(hear: (from: string, frame: TextFrame) => void): () => void {
    this.#hears.add(hear)
    return () => this.#hears.delete(hear)
  }

  /** @param files that are shown, the one in which somebody works first */
  show(files: readonly string[]): void {
    if (files.length === this.#files.length && files.every((path, at) => path === this.#files[at])) return
    this.#files = files
    void this.#enter()
  }

  async #enter(): Promise<void> {
    if (!this.line.connected) return
    const answer = await this.line.enter({ sandboxId: this.sandboxId, files: [...this.#files] })
    // Alone, one works as well: who is refused tries again with the next file.
    const own = answer.ok ? answer.id : null
    const known = this.#own === own
    this.#own = own
    // Who is this window is news for whoever looks at the others.
    if (!known) this.people.set([...this.people.get()])
  }

  #left(): void {
    this.#own = null
    if (this.people.get().length > 0) this.people.set([])
  }

  dispose(): void {
    for (const undo of this.#undo) undo()
    this.following.dispose()
    this.line.leave(this.sandboxId)
    this.#left()
  }
}

/** As many as can be told apart in light and dark. */
export const hues = [262, 152, 24, 334, 200, 88, 300, 48] as const

/** The colour of a window: the same for everybody who sees it. */
export function hueOf({ id }: Pick<Present, 'id'>): number {
  let sum = 0
  for (const char of id) sum = (sum * 31 + (char.codePointAt(0) ?? 0)) >>> 0
  return hues[sum % hues.length] ?? hues[0]
}

/** One or two letters for a name. */
export function initialsOf(name: string): string {
  const words = name.trim().split(/\s+/)
  const letters = [words[0], words.length > 1 ? words.at(-1) : undefined].map(
    (word) => Array.from(word ?? '')[0] ?? '',
  )
  return letters.join('').toLocaleUpperCase() || '?'
}
