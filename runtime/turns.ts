/** Places that tenants share: none has more than a few of them, and whoever has waited longest is next. */
export class Turns {
  readonly #held = new Map<string, number>()
  /** The first is next, if it has fewer places than it may. */
  readonly #waiting = new Map<string, (() => void)[]>()
  #all = 0

  constructor(
    private readonly atOnce: number,
    private readonly ofOneTenant: number,
  ) {}

  /** Waits for a place, which is given back when it is disposed of. */
  async take(tenant: string): Promise<Disposable> {
    await new Promise<void>((resolve) => {
      this.#waiting.set(tenant, [...(this.#waiting.get(tenant) ?? []), resolve])
      this.#next()
    })
    return { [Symbol.dispose]: () => this.#give(tenant) }
  }

  #give(tenant: string): void {
    this.#all--
    const left = (this.#held.get(tenant) ?? 0) - 1
    if (left > 0) this.#held.set(tenant, left)
    else this.#held.delete(tenant)
    this.#next()
  }

  #next(): void {
    for (const [tenant, [first, ...others]] of this.#waiting) {
      if (this.#all >= this.atOnce) return
      const held = this.#held.get(tenant) ?? 0
      if (first === undefined || held >= this.ofOneTenant) continue
      this.#all++
      this.#held.set(tenant, held + 1)
      // Its others wait behind all other tenants. A map goes on with what is added while it is walked through.
      this.#waiting.delete(tenant)
      if (others.length > 0) this.#waiting.set(tenant, others)
      first()
    }
  }
}
