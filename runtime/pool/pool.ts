import type { PoolStatus } from '../../protocol/api/index.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { Forecast } from './forecast.js'
import { PoolHistory } from './history.js'
import type { Key } from './key.js'
import { LatencyWindow } from './latency-window.js'

/** A template that cannot start is tried again after this long, then twice that, up to the longest. */
const firstBackoffMs = 1000
const longestBackoffMs = 60_000
const minuteMs = 60_000
/** What is claimed within this long cannot be made anew: it must be there. */
const horizonMs = 10_000

/** Why a sandbox was destroyed that nobody had claimed. */
export type Reason = keyof PoolStatus['discardedTotal']

/** The sandboxes of one kind that wait, and what is known of the claims for them. */
export class Pool {
  readonly ready: SandboxRecord[] = []
  readonly waits = new LatencyWindow()
  creating = 0
  target = 0
  hits = 0
  misses = 0
  #madeTotal = 0
  readonly #madeAt: number[] = []
  readonly #discarded = { idle: 0, age: 0, rebuilt: 0, memory: 0, dead: 0 }
  readonly #forecast: Forecast
  readonly #history: PoolHistory
  #failure: string | null = null
  #backoffMs = firstBackoffMs
  #retryAt = 0

  /** @param now a steady clock, in milliseconds */
  constructor(
    readonly key: Key,
    private readonly now: () => number,
  ) {
    this.#forecast = new Forecast(now())
    this.#history = new PoolHistory(now())
  }

  /** Sandboxes that it lacks and may make now. */
  get lacking(): number {
    return this.now() < this.#retryAt ? 0 : Math.max(0, this.target - this.ready.length - this.creating)
  }

  claimed(hit: boolean): void {
    if (hit) this.hits++
    else this.misses++
    this.#forecast.add(this.now())
  }

  /** What the forecast wants to be there. */
  needed(): number {
    this.#forecast.advance(this.now())
    return this.#forecast.needed(horizonMs)
  }

  made(sandbox: SandboxRecord): void {
    this.ready.push(sandbox)
    this.#madeTotal++
    this.#madeAt.push(this.now())
    this.#failure = null
    this.#backoffMs = firstBackoffMs
  }

  failed(error: unknown): void {
    this.#failure = error instanceof Error ? error.message : String(error)
    this.#retryAt = this.now() + this.#backoffMs
    this.#backoffMs = Math.min(this.#backoffMs * 2, longestBackoffMs)
  }

  /** Takes one out, if it is there. */
  remove(sandbox: SandboxRecord, reason: Reason): boolean {
    const at = this.ready.indexOf(sandbox)
    if (at < 0) return false
    this.ready.splice(at, 1)
    this.#discarded[reason]++
    return true
  }

  /** Remembers what it is now, for charts. */
  record(): void {
    const now = this.now()
    this.#history.record(now, () => {
      this.#forecast.advance(now)
      const { actual, perMinute } = this.#forecast.describe()
      const forecast = Math.round(perMinute * 100) / 100
      return { ready: this.ready.length, target: this.target, claims: actual, forecast }
    })
  }

  status(asked: number): PoolStatus {
    const since = this.now() - minuteMs
    while ((this.#madeAt[0] ?? since) < since) this.#madeAt.shift()
    this.#forecast.advance(this.now())
    const retryInMs = this.#retryAt - this.now()
    return {
      ...this.key,
      ...{ target: this.target, ready: this.ready.length, creating: this.creating },
      ...{ hits: this.hits, misses: this.misses, wait: this.waits.describe(), asked },
      forecast: this.#forecast.describe(),
      history: this.#history.describe(),
      madeTotal: this.#madeTotal,
      refillsPerMinute: this.#madeAt.length,
      discardedTotal: { ...this.#discarded },
      failure: this.#failure,
      retryAt:
        this.#failure === null || retryInMs <= 0 ? null : new Date(Date.now() + retryInMs).toISOString(),
    }
  }
}
