import type { TransferTold } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'

/** Of one blob: how often its progress is told. */
const tellEveryMs = 1000
/** Of one transfer, beside its end: what would be more is left out. */
const maxEvents = 20_000

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
      const now = Date.now()
      if (told.state === 'going' && now - (this.#toldAt.get(told.digest) ?? 0) < tellEveryMs) return
      if (told.state === 'done') this.#toldAt.delete(told.digest)
      else this.#toldAt.set(told.digest, now)
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
