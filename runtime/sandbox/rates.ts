import type { UsageRates } from '../../protocol/api/index.js'

/** What only grows while a sandbox lives. */
export interface Counters {
  readonly cpuSeconds: number
  readonly networkRxBytes: number
  readonly networkTxBytes: number
}

interface Reading extends Counters {
  readonly atMs: number
}

/** Readings that follow sooner are told against the one before: a rate over some milliseconds says little. */
const leastMs = 1000
/** A rate over a longer time is not what is used now. */
const mostMs = 30_000

/** What sandboxes use for each second, from the readings that go by anyway. */
export class RateMeter {
  /** The last reading of each, and the one before that: what a rate is told against. */
  readonly #readings = new Map<string, { readonly last: Reading; readonly base: Reading | undefined }>()

  /** @param now a steady clock, in milliseconds */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** Takes a reading. @returns null while there is none to compare it with */
  rates(id: string, counters: Counters): UsageRates | null {
    const { cpuSeconds, networkRxBytes, networkTxBytes } = counters
    const reading = { cpuSeconds, networkRxBytes, networkTxBytes, atMs: this.now() }
    const known = this.#readings.get(id)
    const isOld = known !== undefined && reading.atMs - known.last.atMs >= leastMs
    const base = isOld ? known.last : known?.base
    if (known === undefined) this.#readings.set(id, { last: reading, base: undefined })
    else if (isOld) this.#readings.set(id, { last: reading, base: known.last })
    return base === undefined || reading.atMs - base.atMs > mostMs ? null : ratesBetween(base, reading)
  }

  /** Forgets all but these. */
  keep(ids: ReadonlySet<string>): void {
    for (const id of this.#readings.keys()) if (!ids.has(id)) this.#readings.delete(id)
  }
}

function ratesBetween(before: Reading, after: Reading): UsageRates {
  const seconds = (after.atMs - before.atMs) / 1000
  const of = (name: keyof Counters) => Math.max(0, after[name] - before[name]) / seconds
  return {
    cpus: of('cpuSeconds'),
    networkRxBytesPerSecond: of('networkRxBytes'),
    networkTxBytesPerSecond: of('networkTxBytes'),
  }
}
