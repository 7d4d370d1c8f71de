/** Claims are counted in windows of this length; shorter ones see a class of forty as forty bursts. */
const windowMs = 5000
/** The mean forgets half of what it knew in two minutes: an hour that begins quietly soon looks quiet. */
const meanHalfLifeMs = 120_000
/** A burst is remembered longer: what came once in a few minutes comes again. */
const peakHalfLifeMs = 600_000
const minuteMs = 60_000
/** How far above the mean to stand ready, in standard deviations: one claim in forty finds the pool empty. */
const deviations = 2
/** Less than this many claims expected is none. */
const negligible = 0.05

/** What is expected of one pool. */
export interface Expectation {
  readonly perMinute: number
  readonly burstiness: number
  /** The last whole minute. */
  readonly expected: number
  readonly actual: number
}

/**
 * Claims of one pool: how many come, and how unevenly. Mean and variance of the claims in a window, each an
 * exponentially weighted one, give a Poisson-like bound that is stretched by the index of dispersion; the largest
 * window of late, fading, is a second bound for bursts that are too rare to move a mean.
 *
 * @see D. R. Cox and P. A. W. Lewis, The Statistical Analysis of Series of Events (1966), for that index
 */
export class Forecast {
  #mean = 0
  #variance = 0
  #peak = 0
  #count = 0
  #windowBegan: number
  #minuteBegan: number
  #minuteCount = 0
  #minuteExpected = 0
  #last = { expected: 0, actual: 0 }

  constructor(now: number) {
    this.#windowBegan = now
    this.#minuteBegan = now
  }

  /** A claim came. */
  add(now: number): void {
    this.advance(now)
    this.#count++
    this.#minuteCount++
  }

  /** Closes the windows that have ended by `now`, in milliseconds of any steady clock. */
  advance(now: number): void {
    while (now - this.#windowBegan >= windowMs) {
      this.#close()
      this.#windowBegan += windowMs
    }
    while (now - this.#minuteBegan >= minuteMs) {
      this.#last = { expected: this.#minuteExpected, actual: this.#minuteCount }
      this.#minuteCount = 0
      this.#minuteExpected = this.#perMinute()
      this.#minuteBegan += minuteMs
    }
  }

  /** Sandboxes that should be ready for the claims of the next `horizonMs`. */
  needed(horizonMs: number): number {
    const expected = (this.#mean * horizonMs) / windowMs
    const bound = expected + deviations * Math.sqrt(expected * this.#burstiness())
    // The window that is open counts as soon as it is larger than what was known.
    const needed = Math.max(bound, this.#peak, this.#count)
    return needed < negligible ? 0 : Math.ceil(needed - negligible)
  }

  describe(): Expectation {
    return { perMinute: this.#perMinute(), burstiness: this.#burstiness(), ...this.#last }
  }

  #close(): void {
    const weight = 1 - 0.5 ** (windowMs / meanHalfLifeMs)
    const off = this.#count - this.#mean
    this.#mean += weight * off
    this.#variance = (1 - weight) * (this.#variance + weight * off * off)
    this.#peak = Math.max(this.#count, this.#peak * 0.5 ** (windowMs / peakHalfLifeMs))
    if (this.#peak < 0.5) this.#peak = 0
    this.#count = 0
  }

  #perMinute(): number {
    return (this.#mean * minuteMs) / windowMs
  }

  #burstiness(): number {
    return this.#mean < negligible ? 1 : Math.max(1, this.#variance / this.#mean)
  }
}
