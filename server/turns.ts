/**
 * A few at once, and of each key one: what is read of a sandbox is held in memory until it is stored, and nobody takes all places.
 * A bound of this server; nothing is decided by it.
 */
export class Turns {
  readonly #busy = new Set<string>()
  readonly #waiting = new Set<() => void>()

  constructor(private readonly atOnce: number) {}

  async take<T>(key: string, act: () => Promise<T>): Promise<T> {
    while (this.#busy.has(key) || this.#busy.size >= this.atOnce) {
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
    this.#busy.add(key)
    try {
      return await act()
    } finally {
      this.#busy.delete(key)
      const waiting = [...this.#waiting]
      this.#waiting.clear()
      for (const wake of waiting) wake()
    }
  }
}
