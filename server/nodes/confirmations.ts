import type { RuntimeClient } from '../runtime-client/client.js'

/** Sandboxes of a burst are confirmed together. */
const togetherMs = 100

/**
 * Tells a node which of its sandboxes the database has. One that nobody has confirmed counts as never finished, and is
 * destroyed should its row be missing a minute later; whoever was told of a sandbox has it confirmed at once.
 */
export class Confirmations {
  readonly #waiting = new Set<string>()

  constructor(private readonly runtime: Pick<RuntimeClient, 'confirm'>) {}

  /** Soon. Should the node not hear it, `reconcile.ts` tells it again. */
  add(id: string): void {
    if (this.#waiting.size === 0) setTimeout(() => this.#tell(), togetherMs).unref()
    this.#waiting.add(id)
  }

  #tell(): void {
    const ids = [...this.#waiting]
    this.#waiting.clear()
    this.runtime.confirm(ids).catch(() => {})
  }
}
