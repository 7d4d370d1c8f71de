import type { TransferTold } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'

/** Of one blob: how often its progress is told. */
const tellEveryMs = { going: 1000, retrying: 500 } as const
/** After so many events progress is told four times more seldom. */
const seldomAfter = 500
/** Of one transfer, beside its end: what would be more is left out. */
const maxEvents = 2000

/** Writes down what a transfer tells, numbered, in order. */
export class TransferLog {
  #number = 0
  #writing: Promise<void> = Promise.resolve()
  readonly #toldAt = new Map<string, number>()

  constructor(
    private readonly database: Database,
    private readonly id: string,
  ) {}

  push(told: TransferTold): void {
    if (told.type === 'blob') {
      if (told.state === 'going' || told.state === 'retrying') {
        const key = `${told.digest} ${told.state}`
        const everyMs = tellEveryMs[told.state] * 4 ** Math.floor(this.#number / seldomAfter)
        const now = Date.now()
        if (now - (this.#toldAt.get(key) ?? 0) < everyMs) return
        this.#toldAt.set(key, now)
      } else if (told.state === 'done') {
        this.#toldAt.delete(`${told.digest} going`)
        this.#toldAt.delete(`${told.digest} retrying`)
      }
    }
    if (this.#number >= maxEvents) return
    const row = { transferId: this.id, number: ++this.#number, event: JSON.stringify(told) }
    this.#writing = this.#writing
      .catch(() => {})
      .then(async () => void (await this.database.prisma.imageTransferEvent.create({ data: row })))
    this.#writing.catch(() => {}) // said by `flush`
  }

  /** Resolves when all that was told is written down. */
  flush(): Promise<void> {
    return this.#writing
  }
}
