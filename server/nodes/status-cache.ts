import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { Fresh } from './fresh.js'

type Statuses = ReadonlyMap<string, RuntimeSandbox>

/** Forty dashboards that refresh every two seconds cost a node one question a second. */
const freshMs = 1000
/** Whoever lists waits for a node that is slow to answer no longer than this. */
const patienceMs = 1000

/** What a node says of its sandboxes now, asked once for everybody. */
export class StatusCache {
  readonly #view: Fresh<Statuses>

  constructor(runtime: RuntimeClient) {
    this.#view = new Fresh(freshMs, async () => new Map((await runtime.list()).map((one) => [one.id, one])))
  }

  /** Every sandbox of the node by its id, up to one second old; as it was last known when the node is too slow. */
  async all(): Promise<Statuses> {
    return (await this.#view.within(patienceMs)) ?? new Map()
  }
}
