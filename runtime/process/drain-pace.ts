/** A piece of at most 64 KiB every 2 ms: what nobody reads of a sandbox is drained at up to 32 MiB a second. */
const ofSandboxMs = 2
/** And of all sandboxes together at up to 256 MiB a second, which is a fifth of a processor. */
const ofNodeMs = 0.25

/**
 * How fast output is taken that nobody reads. Whoever drains it is not charged to the tenant, and holds the terminals of
 * everybody: a program that writes as fast as it can must not have all of it.
 */
export class DrainPace {
  readonly #waiting = new Map<string, number>()
  #all = 0

  /** Calls `resume` when the next piece of a sandbox's process may be taken. */
  wait(sandboxId: string, resume: () => void): void {
    const mine = (this.#waiting.get(sandboxId) ?? 0) + 1
    this.#waiting.set(sandboxId, mine)
    this.#all++
    setTimeout(
      () => {
        this.#all--
        const left = (this.#waiting.get(sandboxId) ?? 1) - 1
        if (left === 0) this.#waiting.delete(sandboxId)
        else this.#waiting.set(sandboxId, left)
        resume()
      },
      Math.max(ofSandboxMs * mine, ofNodeMs * this.#all),
    ).unref()
  }
}
