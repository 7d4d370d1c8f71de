import type { Logger } from 'pino'
import { createRun, type Quota } from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import type { Notices } from '../database/notices.js'
import { isDatabaseUnavailable } from '../database/unavailable.js'
import type { RunPlacer } from '../nodes/run-placer.js'
import type { Templates } from '../nodes/templates.js'
import { classify, reasonOf } from './failure.js'
import { leaseSeconds, type RunLeases } from './leases.js'
import type { RunLogs } from './logs.js'
import { perform } from './perform.js'
import type { Plan } from './plan.js'
import { planWithin } from './plan-within.js'
import { present, type RunRow } from './rows.js'
import type { RunStore } from './store.js'

/** A run that failed this often through us is given up, and says so. */
const attemptsMax = 3
/** After a failed attempt the next one waits for so long, and longer each time that one was lost. */
const pauseMs = 1000

/** What a dispatcher works with. */
export interface DispatcherParts {
  readonly store: RunStore
  readonly leases: RunLeases
  readonly logs: RunLogs
  readonly placer: RunPlacer
  readonly templates: Templates
  readonly notices: Notices
  readonly log: Logger
  /** Runs at once on this server, of all tenants together. */
  readonly places: number
}

/** What comes after an attempt. `lost`: the run is somebody else's by now, or was canceled. */
type AttemptOutcome = 'ended' | 'lost' | 'waits alone' | 'waits with everybody'

/** A run that is performed here. */
interface UnderWay {
  readonly lease: number
  readonly stop: AbortController
}

/**
 * Has runs performed, each when it is its turn. Which run that is the database says, to all servers: here is only what
 * this server performs now. A run is leased; a server that does not renew its leases loses its runs to the others.
 */
export class Dispatcher implements AsyncDisposable {
  readonly #underWay = new Map<string, UnderWay>()
  #taken = 0
  #filling = false
  #again = false
  #closed = false
  /** After the database was away all leases look as if their holders were dead: these have time to say that they are not. */
  #mayTakeBackAt = 0

  constructor(private readonly parts: DispatcherParts) {
    parts.notices.on('notice', (told) => {
      if (told.type === 'runs') this.wake()
      // Canceled at another server. Should it not be heard of now, it is when leases are renewed.
      if (told.type === 'run' && told.ended && this.#underWay.has(told.id)) this.renew().catch(() => {})
    })
    parts.notices.on('missed', () => this.wake())
  }

  /** A place for a run that need not wait. Whoever gets it calls `begin`, or `release`. */
  tryAcquire(): boolean {
    if (this.#closed || this.#taken >= this.parts.places) return false
    this.#taken++
    return true
  }

  release(more = true): void {
    this.#taken--
    if (more) this.wake()
  }

  /** Performs a run that has a place and that is leased to this server. */
  begin(row: RunRow, planned: Plan, quota: Quota): void {
    void this.#perform(row, quota, async () => planned)
  }

  /**
   * Ends a run, queued or under way. Another server that performs it hears of it by notice.
   * @returns undefined when it had ended already
   */
  async cancel(id: string): Promise<RunRow | undefined> {
    const row = await this.parts.leases.cancel(id)
    if (row === undefined) return undefined
    this.#underWay.get(id)?.stop.abort()
    this.parts.logs.conclude(id, present(row))
    return row
  }

  /** Gives free places to whoever is next. */
  wake(): void {
    this.#fill().catch((error: unknown) => {
      this.parts.log.warn({ err: error }, 'runs wait until they are looked for again')
    })
  }

  /** Says that this server lives and performs what it has leased; what it has lost meanwhile is ended here. */
  async renew(): Promise<void> {
    const held = [...this.#underWay].map(([id, { lease }]) => ({ id, lease }))
    if (held.length === 0) return
    const still = await this.#watching(() => this.parts.leases.renew(held))
    for (const { id, lease } of held) {
      const now = this.#underWay.get(id)
      if (!still.has(id) && now?.lease === lease) now.stop.abort()
    }
  }

  /** Takes back the runs of servers that died or hang, and looks for what waits. */
  async takeBack(): Promise<void> {
    if (performance.now() >= this.#mayTakeBackAt) {
      const spent = await this.#watching(() =>
        this.parts.leases.takeBack([...this.#underWay.keys()], attemptsMax),
      )
      for (const { id, lease } of spent) {
        const words = `given up after ${attemptsMax} attempts: the server ended while it was under way`
        const ended = await this.parts.leases.finish({ id, lease }, failed(words))
        if (ended !== undefined) this.parts.logs.conclude(id, present(ended.row))
      }
    }
    this.wake()
  }

  /** Gives what is under way to the other servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    const held = [...this.#underWay].map(([id, one]) => ({ id, ...one }))
    await Promise.allSettled(
      held.map(async ({ id, lease, stop }) => {
        stop.abort()
        await this.parts.leases.requeue({ id, lease }, true, 0)
      }),
    )
  }

  async #watching<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      this.#mayTakeBackAt = performance.now() + leaseSeconds * 1000
      throw error
    }
  }

  async #fill(): Promise<void> {
    this.#again = true
    if (this.#filling) return
    this.#filling = true
    try {
      while (this.#again) {
        this.#again = false
        while (this.tryAcquire()) {
          const taken = await this.parts.leases.take().catch((error: unknown) => {
            this.#taken--
            throw error
          })
          if (taken === undefined) {
            this.#taken--
            break
          }
          const { row, request, quota } = taken
          void this.#perform(row, quota, async () => {
            const { store, templates } = this.parts
            const keyLimits = await store.limitsOf(row.id)
            return planWithin(
              { keyLimits },
              ...([createRun.parse(JSON.parse(request)), await templates.everywhere(), quota] as const),
            )
          })
        }
      }
    } finally {
      this.#filling = false
    }
  }

  /** @param planned what was possible when it was accepted may not be any more; then that is its result */
  async #perform(row: RunRow, quota: Quota, planned: () => Promise<Plan>): Promise<void> {
    const { id, lease, attempt } = row
    const stop = new AbortController()
    const mine: UnderWay = { lease, stop }
    this.#underWay.set(id, mine)
    this.parts.logs.begin(id, attempt, lease)
    const { outcome, more } = await this.#attempt(row, quota, planned, stop.signal)
    if (this.#underWay.get(id) === mine) this.#underWay.delete(id)
    if (outcome === 'lost') await this.#lost(id)
    if (outcome === 'ended' || outcome === 'lost') return this.release(more)
    this.parts.logs.close(id)
    const again = pauseOf(attempt)
    // What stops everybody (no runtime, a full node) stops this place.
    if (outcome === 'waits alone') this.release(more)
    setTimeout(() => (outcome === 'waits alone' ? this.wake() : this.release()), again + 1)
  }

  /** Whoever listens here hears the end of a canceled run, or goes on listening where it is performed now. */
  async #lost(id: string): Promise<void> {
    const row = await this.parts.store.find(id).catch(() => undefined) // whoever listens looks again
    if (row !== undefined && row.finishedAt !== null) this.parts.logs.conclude(id, present(row))
    else if (!this.#underWay.has(id)) this.parts.logs.close(id)
  }

  /** Never throws: what goes wrong is the run's result, or makes it wait for another attempt. */
  async #attempt(
    row: RunRow,
    quota: Quota,
    planned: () => Promise<Plan>,
    stopped: AbortSignal,
  ): Promise<{ outcome: AttemptOutcome; more: boolean }> {
    const { id, tenantId, lease, attempt } = row
    try {
      const { run } = await planned()
      const whole = { ...run, id, lease, tenantId, quota }
      const hear = this.parts.logs.of(id)
      const node = await this.parts.placer.place(whole, attempt > 1 ? row.nodeId : null)
      const result = await perform(node, whole, (event) => hear?.tell(event), stopped)
      return await this.#finish(row, result)
    } catch (error) {
      if (stopped.aborted) return { outcome: 'lost', more: true }
      return await this.#failed(row, error).catch((second: unknown) => {
        this.parts.log.error({ err: second, run: id, attempt }, 'a run is lost, and taken up again later')
        return { outcome: 'lost' as const, more: true }
      })
    }
  }

  async #failed(row: RunRow, error: unknown): Promise<{ outcome: AttemptOutcome; more: boolean }> {
    const { id, attempt } = row
    const failure = classify(error)
    const reason = reasonOf(error)
    if (failure === 'lost')
      this.parts.log.warn({ err: error, run: id, attempt }, 'an attempt of a run is lost')
    if (failure === 'refused' || (failure === 'lost' && attempt >= attemptsMax)) {
      const words = failure === 'refused' ? reason : `given up after ${attempt} attempts: ${reason}`
      return this.#finish(row, failed(words))
    }
    const held = await this.#patiently(() =>
      this.parts.leases.requeue(row, failure === 'lost', pauseOf(attempt)),
    )
    if (!held) return { outcome: 'lost', more: true }
    return { outcome: failure === 'waits with everybody' ? failure : 'waits alone', more: true }
  }

  /** Writes the result down, and tells it. */
  async #finish(row: RunRow, result: RuntimeRunResult): Promise<{ outcome: AttemptOutcome; more: boolean }> {
    const ended = await this.#patiently(() => this.parts.leases.finish(row, result))
    if (ended === undefined) return { outcome: 'lost', more: true }
    this.parts.logs.conclude(row.id, present(ended.row))
    this.#patiently(() => this.parts.store.meter(ended.row, result)).catch((error: unknown) => {
      this.parts.log.warn({ err: error, run: row.id }, 'what a run has used is not counted')
    })
    return { outcome: 'ended', more: ended.more }
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

const pauseOf = (attempt: number) => pauseMs * Math.max(1, attempt) ** 2

const failed = (message: string): RuntimeRunResult => ({
  ...{ status: 'internal_error', steps: [], cases: [], artifacts: [], message },
})
