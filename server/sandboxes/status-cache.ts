import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** Forty dashboards that refresh every two seconds cost the runtime one question a second. */
const freshMs = 1000

/** What the runtime says of its sandboxes now, asked once for everybody. */
export class SandboxStatusCache {
  #view: Promise<ReadonlyMap<string, RuntimeSandbox>> | undefined
  #readAt = 0

  constructor(private readonly runtime: RuntimeClient) {}

  /** Every sandbox of the node by its id, up to one second old. */
  all(): Promise<ReadonlyMap<string, RuntimeSandbox>> {
    if (this.#view === undefined || performance.now() - this.#readAt > freshMs) {
      this.#readAt = performance.now()
      const view = this.runtime.list().then((list) => new Map(list.map((one) => [one.id, one])))
      this.#view = view
      view.catch(() => {
        if (this.#view === view) this.#view = undefined
      })
    }
    return this.#view
  }
}
