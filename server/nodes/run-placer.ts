import type { Logger } from 'pino'
import type { RuntimeRun } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { Placer } from './placer.js'
import type { NodeRegistry } from './registry.js'

/** Finds the node for an attempt of a run. One whose node went away is placed anew with its next attempt. */
export class RunPlacer {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    private readonly log: Logger,
  ) {}

  /** @throws NotPlaced that says why no node takes it */
  async place({ id, tenantId, template, diskMiB, steps }: RuntimeRun): Promise<RuntimeClient> {
    const node = await this.placer.place(tenantId, {
      ...{ template, isolation: 'standard', purpose: 'run' },
      ...{ memoryMiB: Math.max(...steps.map(({ limits }) => limits.memoryMiB)), diskMiB },
    })
    if (this.nodes.known.length > 1) this.#record(id, node.id)
    return node.runtime
  }

  /** For operators only: nothing is decided by it, so nobody waits, and with one node there is nothing to say. */
  #record(id: string, nodeId: string): void {
    this.database.relaxed
      .query(
        `UPDATE run SET "nodeId" = $2 WHERE id = $1 AND state = 'running' AND "nodeId" IS DISTINCT FROM $2`,
        [id, nodeId],
      )
      .catch((error: unknown) => this.log.warn({ err: error, run: id }, 'the node of a run is not recorded'))
  }
}
