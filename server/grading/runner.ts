import type { Logger } from 'pino'
import { every } from '../../common/timers.js'
import { isDatabaseUnavailable } from '../database/unavailable.js'
import { classify, reasonOf } from '../runs/failure.js'
import type { GradingLeases } from './leases.js'
import type { Performing } from './performing.js'
import type { GradingRow } from './rows.js'

const renewMs = 4000
const pauseMs = 2000
/** Lost through us so often, it is given up. */
const attemptsMax = 3

/** Places for runs on this server, which those of people take first. */
interface Places {
  tryAcquire(): boolean
  release(): void
}

/** Performs gradings that wait, a few at a time: which server does it is decided by their rows. */
export class GradingRunner implements AsyncDisposable {
  /** What is performed here. */
  readonly #running = new Map<string, { readonly stop: AbortController; readonly ended: Promise<void> }>()
  #closed = false

  constructor(
    private readonly leases: GradingLeases,
    private readonly performing: Performing,
    private readonly places: Places,
    /** At once here: fewer than there are places, so that a run of a person need not wait for one. */
    private readonly atOnce: number,
    private readonly log: Logger,
  ) {}

  /** Begins what waits, as much as there is room for. */
  async look(): Promise<void> {
    await this.leases.takeBack()
    await this.#fill()
  }

  /** Gives what is under way to the other servers. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const { stop } of this.#running.values()) stop.abort()
    await Promise.allSettled([...this.#running.values()].map(({ ended }) => ended))
  }

  async #fill(): Promise<void> {
    while (!this.#closed && this.#running.size < this.atOnce && this.places.tryAcquire()) {
      const row = await this.leases.take().catch((error: unknown) => {
        this.places.release()
        throw error
      })
      if (row === undefined) return this.places.release()
      const stop = new AbortController()
      const ended = this.#perform(row, stop).finally(() => {
        this.#running.delete(row.id)
        this.places.release()
        this.#fill().catch((error: unknown) =>
          this.log.warn({ err: error }, 'gradings wait for the next look'),
        )
      })
      this.#running.set(row.id, { stop, ended })
    }
  }

  /** Never throws. */
  async #perform(row: GradingRow, stop: AbortController): Promise<void> {
    using _ = every(renewMs, 'holding on to a grading', this.log, async () => {
      // Canceled, or somebody else's by now.
      if (!(await this.leases.renew(row))) stop.abort()
    })
    try {
      const outcome = await this.performing.perform(row, stop.signal)
      await this.#patiently(() => this.leases.finish(row, outcome))
    } catch (error) {
      await this.#failed(row, error, stop.signal.aborted).catch((second: unknown) => {
        this.log.error({ err: second, grading: row.id }, 'a grading is lost, and taken up again later')
      })
    }
  }

  async #failed(row: GradingRow, error: unknown, stopped: boolean): Promise<void> {
    if (stopped) return this.leases.requeue(row, false, 0)
    const failure = classify(error)
    if (failure === 'refused') {
      await this.leases.fail(row, reasonOf(error))
    } else if (failure === 'lost') {
      this.log.warn({ err: error, grading: row.id, attempt: row.attempt }, 'an attempt of a grading is lost')
      if (row.attempt < attemptsMax) return this.leases.requeue(row, true, pauseMs * row.attempt)
      await this.leases.fail(row, `given up after ${row.attempt} attempts: ${reasonOf(error)}`)
    } else await this.leases.requeue(row, false, pauseMs)
  }

  /** A result must not be lost with a restart of the database. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act()
      } catch (error) {
        if (!isDatabaseUnavailable(error)) throw error
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
    }
  }
}
