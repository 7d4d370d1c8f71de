import type { Logger } from 'pino'
import { createRun, type Quota } from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import { isDatabaseUnavailable } from '../database/unavailable.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { Templates } from '../sandboxes/templates.js'
import { RunEventLog } from './event-log.js'
import { classify, reasonOf } from './failure.js'
import { perform } from './perform.js'
import { type Plan, plan } from './plan.js'
import { FairQueue } from './queue.js'
import { present, type RunRow } from './rows.js'
import type { RunStore } from './store.js'

/** Runs of a tenant at once, when its quota says nothing else. */
const defaultAtOnce = 4
/** A run that failed this often through us is given up, and says so. */
const attemptsMax = 3
/** After a failed attempt the next one waits for so long, and longer each time that one was lost. */
const pauseMs = 1000
/** Whoever comes back within this time after the end still hears everything. */
const lingerMs = 60_000
/** But the journals of ended runs take no more memory than this together: the oldest goes first, its result is in the database. */
const lingerBytes = 64 * 1024 ** 2
/** A run that is in nobody's hands for so long was lost on its way from the database to here. */
const strayAfterMs = 10_000

/** What a dispatcher works with. */
export interface DispatcherParts {
  readonly store: RunStore
  readonly runtime: RuntimeClient
  readonly templates: Templates
  readonly log: Logger
  /** Runs at once, of all tenants together. */
  readonly places: number
}

/** What comes after an attempt. */
type AttemptOutcome = 'ended' | 'waits alone' | 'waits with everybody'

const atOnce = (quota: Quota) => quota.runs ?? defaultAtOnce

/**
 * Has runs performed, each when it is its turn. What it holds in memory is who waits and who listens; every step
 * is in the database first, so that another server can go on.
 */
export class Dispatcher {
  readonly #queue: FairQueue
  readonly #journals = new Map<string, RunEventLog>()
  readonly #underWay = new Map<string, AbortController>()
  /** Ended runs whose journals are still here, with what these take; the oldest first. */
  readonly #lingering = new Map<string, number>()

  constructor(private readonly parts: DispatcherParts) {
    this.#queue = new FairQueue(parts.places)
  }

  /** What happens in a run; undefined for one that ended a while ago. */
  eventLog(id: string): RunEventLog | undefined {
    return this.#journals.get(id)
  }

  waitingOf(tenantId: string): number {
    return this.#queue.waitingOf(tenantId)
  }

  /** A place for a run that need not wait. Whoever gets it calls `begin`, or `leave`. */
  tryAcquire(tenantId: string, quota: Quota): boolean {
    return this.#queue.tryAcquire(tenantId, atOnce(quota))
  }

  release(tenantId: string): void {
    this.#queue.release(tenantId)
    this.#fill()
  }

  /** Performs a run that has a place, and that the database has as running. */
  begin(row: RunRow, planned: Plan, quota: Quota): void {
    this.#journals.set(row.id, new RunEventLog())
    void this.#perform(row, quota, async () => planned)
  }

  /** Puts a run into its tenant's line. */
  wait(id: string, tenantId: string, quota: Quota): void {
    if (!this.#journals.has(id)) {
      const eventLog = new RunEventLog()
      eventLog.tell({ type: 'state', state: 'queued', attempt: 0 })
      this.#journals.set(id, eventLog)
    }
    this.#queue.add({ id, tenantId }, atOnce(quota))
    this.#fill()
  }

  /** Ends a run that the database has as canceled. */
  cancel(row: RunRow): void {
    this.#queue.remove(row)
    this.#underWay.get(row.id)?.abort()
    this.#conclude(row)
  }

  /** Takes up what an earlier server left: its runs under way, which begin again, and its queue. */
  async recover(): Promise<void> {
    await this.#patiently(() => this.#takeUp(0))
    for (const { id, tenantId, quota } of await this.#patiently(() => this.parts.store.queued())) {
      this.wait(id, tenantId, quota)
    }
  }

  /** Takes up what was lost on the way: through an answer of the database that never came, say. */
  takeUpStrays(): Promise<void> {
    return this.#takeUp(strayAfterMs)
  }

  async #takeUp(afterMs: number): Promise<void> {
    for (const { id, tenantId, attempt, quota } of await this.parts.store.orphans(afterMs)) {
      if (this.#underWay.has(id)) continue
      if (attempt < attemptsMax) {
        if (await this.parts.store.requeue(id, attempt, true)) this.wait(id, tenantId, quota)
        continue
      }
      const row = await this.parts.store.finish(
        id,
        attempt,
        failed(`given up after ${attempt} attempts: the server ended while it was under way`),
      )
      if (row !== undefined) this.#conclude(row)
    }
  }

  /** Gives every free place to whoever is next. */
  #fill(): void {
    for (let next = this.#queue.next(); next !== undefined; next = this.#queue.next()) {
      void this.#take(next.id, next.tenantId)
    }
  }

  async #take(id: string, tenantId: string): Promise<void> {
    try {
      const started = await this.#patiently(() => this.parts.store.start(id))
      if (started === undefined) return this.release(tenantId) // canceled
      const { row, request, quota } = started
      await this.#perform(row, quota, async () =>
        plan(createRun.parse(JSON.parse(request)), await this.parts.templates.list(), quota),
      )
    } catch (error) {
      this.parts.log.error({ err: error, run: id }, 'a run stays in the queue until the server starts again')
      this.release(tenantId)
    }
  }

  /** @param planned what was possible when it was accepted may not be any more; then that is its result */
  async #perform(row: RunRow, quota: Quota, planned: () => Promise<Plan>): Promise<void> {
    const { id, tenantId, attempt } = row
    const stop = new AbortController()
    this.#underWay.set(id, stop)
    const fate = await this.#attempt(row, quota, planned, stop.signal)
    this.#underWay.delete(id)
    if (fate !== 'waits with everybody') this.release(tenantId)
    if (fate === 'ended') return
    setTimeout(
      () => {
        this.#queue.add({ id, tenantId })
        if (fate === 'waits alone') this.#fill()
        else this.release(tenantId)
      },
      pauseMs * Math.max(1, attempt) ** 2,
    )
  }

  /** Never throws: what goes wrong is the run's result, or makes it wait for another attempt. */
  async #attempt(
    row: RunRow,
    quota: Quota,
    planned: () => Promise<Plan>,
    canceled: AbortSignal,
  ): Promise<AttemptOutcome> {
    const { id, tenantId, attempt } = row
    const eventLog = this.#journals.get(id)
    eventLog?.begin(attempt)
    try {
      const { run } = await planned()
      const whole = { ...run, id, tenantId, quota }
      const result = await perform(this.parts.runtime, whole, (event) => eventLog?.tell(event), canceled)
      await this.#finish(row, result)
      return 'ended'
    } catch (error) {
      if (canceled.aborted) return 'ended'
      return await this.#failed(row, error).catch((second: unknown): AttemptOutcome => {
        this.parts.log.error({ err: second, run: id }, 'a run is lost, and taken up again later')
        return 'ended'
      })
    }
  }

  async #failed(row: RunRow, error: unknown): Promise<AttemptOutcome> {
    const { id, attempt } = row
    const failure = classify(error)
    const reason = reasonOf(error)
    if (failure === 'lost')
      this.parts.log.warn({ err: error, run: id, attempt }, 'an attempt of a run is lost')
    if (failure === 'refused' || (failure === 'lost' && attempt >= attemptsMax)) {
      const words = failure === 'refused' ? reason : `given up after ${attempt} attempts: ${reason}`
      await this.#finish(row, failed(words))
      return 'ended'
    }
    // A run that was canceled is not under way any more, and nothing is changed.
    if (!(await this.#patiently(() => this.parts.store.requeue(id, attempt, failure === 'lost'))))
      return 'ended'
    // What stops everybody (no runtime, a full node) stops the line.
    return failure === 'waits with everybody' ? 'waits with everybody' : 'waits alone'
  }

  /** Writes the result down, and tells it. */
  async #finish(row: RunRow, result: RuntimeRunResult): Promise<void> {
    const finished = await this.#patiently(() => this.parts.store.finish(row.id, row.attempt, result))
    if (finished === undefined) return // canceled, and told so
    this.#conclude(finished)
    this.#patiently(() => this.parts.store.meter(finished, result)).catch((error: unknown) => {
      this.parts.log.warn({ err: error, run: row.id }, 'what a run has used is not counted')
    })
  }

  #conclude(row: RunRow): void {
    const eventLog = this.#journals.get(row.id)
    eventLog?.tell({ type: 'result', run: present(row) })
    this.#lingering.set(row.id, eventLog?.bytes ?? 0)
    setTimeout(() => this.#forget(row.id), lingerMs).unref()
    let bytes = [...this.#lingering.values()].reduce((sum, one) => sum + one, 0)
    for (const [id, taken] of this.#lingering) {
      if (bytes <= lingerBytes) break
      bytes -= taken
      this.#forget(id)
    }
  }

  #forget(id: string): void {
    this.#journals.delete(id)
    this.#lingering.delete(id)
  }

  /** Tries until the database is there again: what a run has come to must not be lost with a restart of it. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act()
      } catch (error) {
        if (!isDatabaseUnavailable(error)) throw error
        this.parts.log.warn({ err: error }, 'the database does not answer about runs; trying again')
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }
}

const failed = (message: string): RuntimeRunResult => ({
  ...{ status: 'internal_error', steps: [], cases: [], artifacts: [], message },
})
