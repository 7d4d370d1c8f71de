import { type Http, pages } from './http.js'
import { Run } from './run.js'
import type { CreateRun, RunDescription, RunFilter, RunSummary } from './types.js'

/**
 * One-off tasks: a fresh sandbox that nobody used before, steps in order, results, gone.
 *
 * @example
 * const { status, steps } = await cloche.runs.run({
 *   language: 'python',
 *   files: [{ path: 'main.py', content: 'print(sum(map(int, input().split())))' }],
 *   stdin: '19 23',
 * })
 * console.log(status, steps.at(-1)?.stdout.content)
 */
export class Runs {
  readonly #http: Http

  /** @internal */
  constructor(http: Http) {
    this.#http = http
  }

  /**
   * Hands a run in; it is safe on the server when this returns. A call that breaks off is repeated, and makes one
   * run all the same.
   *
   * @throws InvalidRequest, QuotaExceeded, RateLimited when the queue is full
   */
  async create(request: CreateRun): Promise<Run> {
    const { id } = await this.#post({ ...request, wait: false })
    return new Run(this.#http, id)
  }

  /**
   * Hands a run in and waits for what comes of it, however long that takes. A program that fails throws nothing:
   * `status` says it.
   */
  async run(request: CreateRun, options: { signal?: AbortSignal } = {}): Promise<RunDescription> {
    const answer = await this.#post({ ...request, wait: true }, options.signal)
    const ended = answer.state === 'finished' || answer.state === 'canceled'
    return ended ? answer : new Run(this.#http, answer.id).result(options)
  }

  /** A run that exists, by its id. Asks the server nothing. */
  at(id: string): Run {
    return new Run(this.#http, encodeURIComponent(id))
  }

  /** Newest first. */
  list(filter: RunFilter = {}): AsyncGenerator<RunSummary, void, undefined> {
    return pages(this.#http, '/runs', { ...filter })
  }

  /**
   * Deletes runs that finished before a time, with their requests and results. Frees storage of the quota.
   *
   * @returns how many
   */
  async deleteFinished(before: Date): Promise<number> {
    const query = { finishedBefore: before.toISOString() }
    return (await this.#http.json<{ deleted: number }>({ method: 'DELETE', path: '/runs', query })).deleted
  }

  /** What `readCallback` checks the requests to a `callbackUrl` with. */
  async callbackSecret(): Promise<string> {
    return (await this.#http.json<{ secret: string }>({ method: 'GET', path: '/runs/callback-secret' }))
      .secret
  }

  #post(json: CreateRun, signal?: AbortSignal): Promise<RunDescription> {
    const idempotencyKey = crypto.randomUUID()
    return this.#http.json({ method: 'POST', path: '/runs', json, idempotencyKey, signal })
  }
}
