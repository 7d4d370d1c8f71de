const digestsMax = 200

/** Digests of what windows with the same text saved, so that each knows what of the disk is theirs. */
export class KnownSaves {
  readonly #digests = new Set<string>()
  /** Looks again, or at the end gives up. */
  readonly #waiting = new Set<(over: boolean) => void>()

  has(digest: string): boolean {
    return this.#digests.has(digest)
  }

  add(digest: string): void {
    this.#digests.add(digest)
    const [oldest] = this.#digests
    if (this.#digests.size > digestsMax && oldest !== undefined) this.#digests.delete(oldest)
    for (const look of [...this.#waiting]) look(false)
  }

  /** @param ms how long another window has to say that it saved this */
  async hasWithin(digest: string, ms: number): Promise<boolean> {
    if (!this.has(digest)) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => look(true), ms)
        const look = (over: boolean) => {
          if (!over && !this.has(digest)) return
          clearTimeout(timer)
          this.#waiting.delete(look)
          resolve()
        }
        this.#waiting.add(look)
      })
    }
    return this.has(digest)
  }

  /** Nobody is waited for any more. */
  end(): void {
    for (const look of [...this.#waiting]) look(true)
  }
}
