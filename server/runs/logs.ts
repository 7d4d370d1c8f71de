import type { Run } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { RunEventLog } from './event-log.js'

/** Whoever comes back within this time after the end still hears everything. */
const lingerMs = 60_000
/** But the logs of ended runs take no more memory than this together: the oldest goes first, its result is in the database. */
const lingerBytes = 64 * 1024 ** 2

/**
 * What happens in the runs that this server performs. The log of a run is in the memory of its performer; when somebody
 * follows it at another server, the performer writes it into the database as well, from then on and only then.
 */
export class RunLogs {
  readonly #logs = new Map<string, RunEventLog>()
  /** Ended runs whose logs are still here, with what these take; the oldest first. */
  readonly #lingering = new Map<string, number>()
  readonly #relayed = new WeakSet<RunEventLog>()
  readonly #waiting = new Map<string, Set<() => void>>()

  constructor(
    private readonly database: Database,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'run') this.#wake(told.id)
      if (told.type === 'follow') this.#relay(told.id)
    })
    notices.on('missed', () => {
      for (const id of this.#waiting.keys()) this.#wake(id)
    })
  }

  /** The log of a run that is performed here, or was a while ago. */
  of(id: string): RunEventLog | undefined {
    return this.#logs.get(id)
  }

  /** What an earlier attempt has told is nothing any more. */
  begin(id: string, attempt: number, lease: number): void {
    const known = this.#logs.get(id)
    const eventLog = known === undefined || known.over ? new RunEventLog() : known
    this.#logs.set(id, eventLog)
    eventLog.begin(attempt, lease)
    this.#wake(id)
  }

  /** Tells the result. Nothing is kept here of a run that another server performs. */
  conclude(id: string, run: Run): void {
    const eventLog = this.#logs.get(id)
    this.#wake(id)
    if (eventLog === undefined || eventLog.over) return
    eventLog.tell({ type: 'result', run })
    this.#lingering.set(id, eventLog.bytes)
    setTimeout(() => this.#forget(id), lingerMs).unref()
    let bytes = [...this.#lingering.values()].reduce((sum, one) => sum + one, 0)
    for (const [old, taken] of this.#lingering) {
      if (bytes <= lingerBytes) break
      bytes -= taken
      this.#forget(old)
    }
  }

  /** The run goes on elsewhere, or later. */
  close(id: string): void {
    this.#logs.get(id)?.close()
    this.#forget(id)
    this.#wake(id)
  }

  /** Resolves with the next news of a run, wherever it is performed, or after `withinMs`: a notice may be lost. */
  news(id: string, withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set()
      this.#waiting.set(id, waiting)
      const heard = () => {
        clearTimeout(late)
        waiting.delete(heard)
        if (waiting.size === 0 && this.#waiting.get(id) === waiting) this.#waiting.delete(id)
        resolve()
      }
      const late = setTimeout(heard, withinMs)
      waiting.add(heard)
    })
  }

  #wake(id: string): void {
    for (const heard of [...(this.#waiting.get(id) ?? [])]) heard()
  }

  #forget(id: string): void {
    this.#logs.delete(id)
    this.#lingering.delete(id)
  }

  /** Writes the log of a run into the database until its end, for whoever follows it elsewhere. */
  #relay(id: string): void {
    const eventLog = this.#logs.get(id)
    if (eventLog === undefined || this.#relayed.has(eventLog)) return
    this.#relayed.add(eventLog)
    this.#write(id, eventLog).catch(() => this.#relayed.delete(eventLog)) // whoever follows asks again
  }

  async #write(id: string, eventLog: RunEventLog): Promise<void> {
    for (let last = 0; ; ) {
      const fresh = eventLog.after(last)
      if (fresh.length > 0) {
        await this.database.relaxed.query({
          name: 'tell-run',
          text: `WITH told AS (
              INSERT INTO run_event ("runId", id, event) SELECT $1, * FROM unnest($2::BIGINT[], $3::TEXT[]) ON CONFLICT DO NOTHING)
            SELECT pg_notify('cloche', json_build_object('type', 'run', 'id', $1::TEXT)::TEXT)`,
          values: [
            id,
            fresh.map((one) => one.id),
            // The result is in the run itself.
            fresh.map(({ event }) => (event.type === 'result' ? null : JSON.stringify(event))),
          ],
        })
        last = fresh.at(-1)?.id ?? last
      } else if (eventLog.over) return
      else await eventLog.news()
    }
  }
}
