import type { NodeBuildEvent } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'

/** Output is written down in pieces of so much at most, and so often. */
const pieceCharacters = 32_768
const writeEveryMs = 200
/** How often a follower looks for more. */
export const lookEveryMs = 200

type Told = Exclude<NodeBuildEvent, { readonly type: 'end' }>

/** Writes down what a build tells, numbered, in order. */
export class BuildLog {
  readonly #waiting: Told[] = []
  #number = 0
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> = Promise.resolve()

  constructor(
    private readonly database: Database,
    private readonly id: string,
  ) {}

  push(event: Told): void {
    const last = this.#waiting.at(-1)
    if (last?.type !== 'output' || event.type !== 'output' || last.step !== event.step) {
      this.#waiting.push({ ...event })
    } else if (last.text.length + event.text.length > pieceCharacters) this.#waiting.push({ ...event })
    else last.text += event.text
    this.#timer ??= setTimeout(() => {
      void this.flush().catch(() => {}) // said by the next one
    }, writeEveryMs)
  }

  /** Resolves when all that was told is written down. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const events = this.#waiting.splice(0).map((event) => ({
      buildId: this.id,
      number: ++this.#number,
      event: JSON.stringify(event),
    }))
    this.#writing = this.#writing
      .catch(() => {})
      .then(async () => {
        if (events.length > 0) await this.database.prisma.buildEvent.createMany({ data: events })
      })
    return this.#writing
  }
}
