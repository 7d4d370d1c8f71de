import type pg from 'pg'
import type { NodeBuildEvent } from '../../protocol/node/index.js'
import { type Database, inTransaction } from '../database/client.js'

/** Output is written down in pieces of so much at most, and so often. */
const pieceCharacters = 32_768
const writeEveryMs = 200
/** How often a follower looks for more. */
export const lookEveryMs = 200

type Told = Exclude<NodeBuildEvent, { readonly type: 'end' }>

const insert = `
  INSERT INTO build_event ("buildId", number, event)
  SELECT $1, number, event FROM unnest($2::INTEGER[], $3::TEXT[]) AS told (number, event)`

/** Writes down what a build tells, numbered, in order; nothing of one that was ended meanwhile. */
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
    const events = this.#waiting.splice(0).map((event) => JSON.stringify(event))
    const numbers = events.map(() => ++this.#number)
    const write = () =>
      inTransaction(this.database.pool, async (client) => {
        // A server that hung for a minute may go on after another one has ended its build.
        if (await lockRunning(client, this.id)) await client.query(insert, [this.id, numbers, events])
      })
    this.#writing = this.#writing
      .catch(() => {})
      .then(async () => {
        if (events.length > 0) await write()
      })
    return this.#writing
  }
}

/** Whether a build goes on; nobody ends it or writes about it until the transaction is over. */
export async function lockRunning(client: pg.PoolClient, id: string): Promise<boolean> {
  const { rowCount } = await client.query(
    `SELECT FROM build WHERE id = $1 AND status = 'running' FOR UPDATE`,
    [id],
  )
  return rowCount === 1
}
