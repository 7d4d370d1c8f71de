import { setTimeout as sleep } from 'node:timers/promises'
import type { z } from 'zod'
import type { serviceHealth } from '../../protocol/api/index.js'
import type { OutputPipe } from '../linux/output-pipe.js'
import type { StoredHealthcheck } from './service-record.js'

/** Of what a check prints, the last of it is kept: what went wrong stands there. */
const keptBytes = 1024
/**
 * How much of a check's output is read before it has to wait: a check that floods would have the runtime do nothing else. A
 * read takes its time however little comes of it.
 */
const pace = { bytes: 64 * 1024, readBytes: 1024, pauseMs: 100 }
/** A service is looked at more often until it is healthy for the first time: others wait for that. */
const firstMs = 1000

export type Health = z.infer<typeof serviceHealth>

/** How one look went. */
export interface Look {
  readonly works: boolean
  readonly output: string
}

/**
 * Looks at a service again and again until `stop` is aborted.
 * @param look runs the check once; undefined when it cannot be run now, as in a sandbox that is paused
 */
export async function watchHealth(
  { intervalSeconds, startPeriodSeconds, retries }: StoredHealthcheck,
  look: () => Promise<Look | undefined>,
  tell: (health: Health, output: string | null) => void,
  stop: AbortSignal,
): Promise<void> {
  const began = performance.now()
  const intervalMs = intervalSeconds * 1000
  let health: Health = 'starting'
  let failures = 0
  let countedAt = began
  while (!stop.aborted) {
    const waitMs = health === 'starting' ? Math.min(firstMs, intervalMs) : intervalMs
    await sleep(waitMs, undefined, { signal: stop, ref: false }).catch(() => {}) // aborted: the end
    if (stop.aborted) return
    const found = await look()
    if (stop.aborted) return
    if (found === undefined) continue
    if (found.works) {
      failures = 0
      health = 'healthy'
    } else if (counts(health, performance.now())) {
      failures++
      countedAt = performance.now()
      if (failures >= retries) health = 'unhealthy'
    }
    tell(health, found.works ? null : found.output)
  }

  /** What comes sooner than the interval says is only looked at to see whether it works by now. */
  function counts(now: Health, at: number): boolean {
    return (
      now !== 'starting' || (at - began >= startPeriodSeconds * 1000 && at - countedAt >= intervalMs * 0.9)
    )
  }
}

/** The end of what is written, as text. */
export class LastOutput {
  #kept = Buffer.alloc(0)
  #room = pace.bytes

  push(bytes: Buffer, pipe: Pick<OutputPipe, 'pause' | 'resume'>): void {
    this.#kept = Buffer.concat([this.#kept, bytes.subarray(-keptBytes)]).subarray(-keptBytes)
    this.#room -= Math.max(bytes.length, pace.readBytes)
    if (this.#room > 0) return
    this.#room = pace.bytes
    pipe.pause()
    setTimeout(() => pipe.resume(), pace.pauseMs).unref()
  }

  get text(): string {
    return this.#kept.toString().replaceAll('\0', '').trim()
  }
}
