import { sharedBytesMax, sharedPartsMax } from '../lib/protocol'
import type { TextId } from './shared-text'
import type { Channel } from './sides'

/** What a window says of a text that it has. */
export interface Having {
  readonly text: TextId
  /** What it has of it. */
  readonly bytes: Uint8Array
  /** Of the whole text; empty from whoever has none of it and asks for it. */
  readonly digest: string
  /** Of the file that it has everything of. */
  readonly version: string
  /** Nobody is to answer with the same. */
  readonly answer: boolean
}

/** Sends frames about one file to other windows. What the line does not take is lost: it is asked for again. */
export class Telling {
  #changes = 0
  #unanswered = 0

  /** @param refused called when an edit was not passed on; with `true` when there is no sense in trying again */
  constructor(
    private readonly path: string,
    private readonly channel: Channel,
    private readonly refused: (forGood: boolean) => void,
  ) {}

  /** Everything that was sent has arrived. */
  get done(): boolean {
    return this.#unanswered === 0
  }

  /** @param to one window; all others if absent */
  have({ bytes, ...having }: Having, to?: string): void {
    if (!this.channel.up || bytes.length > sharedBytesMax) return
    const { hidden } = this.channel
    void this.channel.tell({
      ...{ kind: 'have', path: this.path, hidden, bytes },
      ...having,
      ...(to === undefined ? {} : { to }),
    })
  }

  /** @param whole it is all that there is of the text */
  edit(text: TextId, update: Uint8Array, to?: string, whole = false): void {
    if (!this.channel.up) return
    const parts = Math.max(1, Math.ceil(update.length / sharedBytesMax))
    if (parts > sharedPartsMax) {
      this.refused(true)
      return
    }
    const change = this.#changes++
    for (let part = 0; part < parts; part++) {
      const bytes = update.slice(part * sharedBytesMax, (part + 1) * sharedBytesMax)
      this.#unanswered++
      const about = { kind: 'edit', path: this.path, text, bytes, change, part, parts, whole } as const
      void this.channel.tell(to === undefined ? about : { ...about, to }).then((answer) => {
        this.#unanswered--
        if (!answer.ok) this.refused(answer.error.code === 'forbidden')
      })
    }
  }
}
