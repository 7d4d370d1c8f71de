import type { Logger } from 'pino'
import type { RuntimeRun } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { ServerNode } from './node.js'
import type { Wanted } from './placement.js'
import { NotPlaced, type Placer } from './placer.js'
import type { NodeRegistry } from './registry.js'

/** Finds the node for an attempt of a run: another one than where the last attempt was lost, if another one takes it. */
export class RunPlacer {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly placer: Placer,
    private readonly log: Logger,
  ) {}

  /**
   * @param lostOn the node where its last attempt was lost; null for the first one
   * @throws NotPlaced that says why no node takes it
   */
  async place(
    { id, tenantId, template, diskMiB, steps, judge }: RuntimeRun,
    lostOn: string | null,
  ): Promise<RuntimeClient> {
    const memoryMiB = Math.max(...steps.map(({ limits }) => limits.memoryMiB))
    const beside = judge?.mode === 'interactive' ? judge.limits.memoryMiB : 0
    const wanted: Wanted = {
      ...{ template, isolation: 'standard', purpose: 'run' },
      ...(judge && judge.template !== template && { besides: judge.template }),
      memoryMiB: Math.max(memoryMiB + beside, judge?.limits.memoryMiB ?? 0),
      diskMiB: diskMiB + (judge?.diskMiB ?? 0),
    }
    const node =
      (lostOn === null ? undefined : await this.#elsewhere(tenantId, wanted, lostOn)) ??
      (await this.placer.place(tenantId, wanted))
    if (this.nodes.known.length > 1) this.#record(id, node.id)
    return node.runtime
  }

  /** @returns undefined when no other node takes it, or only one that is full or did not answer last */
  async #elsewhere(tenantId: string, wanted: Wanted, lostOn: string): Promise<ServerNode | undefined> {
    if (this.nodes.known.length < 2) return undefined
    try {
      const node = await this.placer.place(tenantId, wanted, new Set([lostOn]))
      return node.answers && (node.last?.full ?? null) === null ? node : undefined
    } catch (error) {
      if (error instanceof NotPlaced) return undefined
      throw error
    }
  }

  /** With one node there is nothing to say. Nobody waits: should it be missing, the next attempt may be placed there again. */
  #record(id: string, nodeId: string): void {
    this.database.relaxed
      .query(
        `UPDATE run SET "nodeId" = $2 WHERE id = $1 AND state = 'running' AND "nodeId" IS DISTINCT FROM $2`,
        [id, nodeId],
      )
      .catch((error: unknown) => this.log.warn({ err: error, run: id }, 'the node of a run is not recorded'))
  }
}
