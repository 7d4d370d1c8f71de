import { z } from 'zod'
import { type Run, runEvent } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { tell } from '../database/notices.js'
import type { Numbered } from './event-log.js'
import type { RunLogs } from './logs.js'

/** A notice may be lost with its connection: then news are this old at most. */
const lookMs = 1000
/** A performer that does not write anything for so long is asked once more: it may be another one by now. */
const askMs = 3000
/** The performer's last words come after the end of the run, if it lives. */
const lastWordsMs = 2000
/** Of one look. */
const rowsMax = 200

const told = z.array(z.object({ id: z.coerce.number(), event: z.string().nullable() }))

/** What runs tell, whichever server performs them. */
export class RunFollower {
  constructor(
    private readonly database: Database,
    private readonly logs: RunLogs,
  ) {}

  /** Resolves with the run when it has ended, or as it is when `patience` is aborted. */
  async ended(read: () => Promise<Run>, id: string, patience: AbortSignal): Promise<Run> {
    const late = new Promise<void>((resolve) => patience.addEventListener('abort', () => resolve()))
    for (;;) {
      const eventLog = this.logs.of(id)
      if (eventLog !== undefined) {
        await Promise.race([eventLog.end(), late])
        if (eventLog.result !== undefined) return eventLog.result
      }
      const news = this.logs.news(id, lookMs)
      const run = await read()
      if (run.finishedAt !== null || patience.aborted) return run
      if (this.logs.of(id) === undefined) await Promise.race([news, late])
    }
  }

  /** Events after number `since`, the result last. */
  async *events(read: () => Promise<Run>, id: string, since: number): AsyncGenerator<Numbered> {
    let last = since
    let askedAt = Number.NEGATIVE_INFINITY
    let endedAt: number | undefined
    for (;;) {
      const eventLog = this.logs.of(id)
      if (eventLog !== undefined) {
        for await (const one of eventLog.listen(last)) {
          last = one.id
          yield one
        }
        if (eventLog.result !== undefined) return
      }
      // Asked for before anything is read, so that nothing is missed in between.
      const news = this.logs.news(id, lookMs)
      const run = await read()
      const rows = await this.#read(id, last)
      for (const { id: number, event } of rows) {
        last = number
        if (event !== null) yield { id: number, event: runEvent.parse(JSON.parse(event)) }
        else if (run.finishedAt !== null) return yield result(number, run)
      }
      if (run.finishedAt !== null) {
        endedAt ??= performance.now()
        const expected = askedAt !== Number.NEGATIVE_INFINITY && performance.now() - endedAt < lastWordsMs
        if (!expected) return yield result(Number.MAX_SAFE_INTEGER, run)
      } else if (run.state === 'queued') {
        if (last < 1) yield { id: 1, event: { type: 'state', state: 'queued', attempt: run.attempt } }
        last = Math.max(last, 1)
      } else if (rows.length > 0) askedAt = performance.now()
      else if (performance.now() - askedAt > askMs && this.logs.of(id) === undefined) {
        askedAt = performance.now()
        await tell(this.database.relaxed, { type: 'follow', id })
      }
      if (rows.length < rowsMax && this.logs.of(id) === undefined) await news
    }
  }

  async #read(id: string, since: number) {
    const { rows } = await this.database.pool.query({
      name: 'told-of-run',
      text: `SELECT id, event FROM run_event WHERE "runId" = $1 AND id > $2 ORDER BY id LIMIT ${rowsMax}`,
      values: [id, Math.min(since, Number.MAX_SAFE_INTEGER)],
    })
    return told.parse(rows)
  }
}

const result = (id: number, run: Run): Numbered => ({ id, event: { type: 'result', run } })
