/** Those who wait for something that happens once. Unlike listeners of a stream they may be many, and may go again. */
export class Listeners {
  readonly #waiting = new Set<() => void>()
  #happened = false

  /** Calls `act` when it happens; at once when it has. @returns what makes it wait no more */
  add(act: () => void): () => void {
    if (this.#happened) act()
    else this.#waiting.add(act)
    return () => void this.#waiting.delete(act)
  }

  happen(): void {
    this.#happened = true
    for (const act of this.#waiting) act()
    this.#waiting.clear()
  }
}
