import { type PoolReading, poolHistory } from '../../protocol/api/index.js'

/** What a pool was, a reading each ten seconds for ten minutes: charts begin with it. */
export class PoolHistory {
  readonly #readings: PoolReading[] = []
  #dueAt: number

  /** @param now a steady clock, in milliseconds */
  constructor(now: number) {
    this.#dueAt = now
  }

  /** Takes a reading if one is due. */
  record(now: number, read: () => PoolReading): void {
    if (now < this.#dueAt) return
    // A late tick moves the next one: readings are not made up.
    this.#dueAt = now + poolHistory.everyMs
    this.#readings.push(read())
    if (this.#readings.length > poolHistory.readings) this.#readings.shift()
  }

  /** The newest last. */
  describe(): readonly PoolReading[] {
    return [...this.#readings]
  }
}
