/** Percentiles are of the last so many. */
const kept = 512

/** How long claims waited for their sandbox. */
export class LatencyWindow {
  readonly #last: number[] = []
  #count = 0
  #totalMs = 0

  add(ms: number): void {
    this.#last[this.#count % kept] = ms
    this.#count++
    this.#totalMs += ms
  }

  describe(): { count: number; totalMs: number; p50Ms: number; p99Ms: number } {
    const sorted = this.#last.toSorted((one, other) => one - other)
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? 0
    return { count: this.#count, totalMs: this.#totalMs, p50Ms: at(0.5), p99Ms: at(0.99) }
  }
}
