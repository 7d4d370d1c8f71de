import { z } from 'zod'
import {
  type adminNode,
  keptSchedule,
  keptWarm,
  type Node,
  type poolSchedule,
  poolsStatus,
  type warmRequest,
} from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { ServerNode } from '../nodes/node.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** What metrics tell of a node. */
export interface Observed {
  readonly name: string
  readonly isCordoned: boolean
  /** The database and the node do not belong together. */
  readonly isMismatch: boolean
  /** Sandboxes that the database does not know and that wait for an operator. */
  readonly unknown: number
  /** Volumes and snapshots that nobody can use and that wait for an operator. */
  readonly orphanDisks: number
  /** What it says of itself; undefined while it does not answer. */
  readonly said: Node | undefined
}

/** What operators see of one node, and what they ask its pools for. The node keeps it and checks it. */
export class NodeService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /** @param node its id; the oldest node when it is left out */
  async read(who: Principal, node?: string): Promise<z.infer<typeof adminNode>> {
    assertMay(who, 'node.read')
    return (await this.#reach(node)).node()
  }

  /** For metrics: every node. */
  async observe(who: Principal): Promise<Observed[]> {
    assertMay(who, 'node.read')
    const counted = await this.database.prisma.orphanDisk.groupBy({ by: ['nodeId'], _count: true })
    const disks = new Map(counted.map(({ nodeId, _count }) => [nodeId, _count]))
    return Promise.all((await this.nodes.all()).map((node) => observed(node, disks.get(node.id) ?? 0)))
  }

  async pools(who: Principal, node?: string): Promise<z.infer<typeof poolsStatus>> {
    assertMay(who, 'node.read')
    return (await this.#reach(node)).ask('GET', '/pools', poolsStatus)
  }

  async saveSchedule(
    who: Principal,
    name: string,
    wanted: z.infer<typeof poolSchedule>,
    node?: string,
  ): Promise<z.infer<typeof keptSchedule>> {
    assertMay(who, 'pool.change')
    const runtime = await this.#reach(node)
    const kept = await runtime.ask('PUT', `/pools/schedules/${name}`, keptSchedule, {}, wanted)
    await auditNode(this.database.prisma, who, 'pool.schedule', name, { ...wanted, ...on(node) })
    return kept
  }

  async deleteSchedule(who: Principal, name: string, node?: string): Promise<void> {
    assertMay(who, 'pool.change')
    await (await this.#reach(node)).ask('DELETE', `/pools/schedules/${name}`, z.unknown())
    await auditNode(this.database.prisma, who, 'pool.unschedule', name, on(node))
  }

  async warm(
    who: Principal,
    wanted: z.infer<typeof warmRequest>,
    node?: string,
  ): Promise<z.infer<typeof keptWarm>> {
    assertMay(who, 'pool.change')
    const kept = await (await this.#reach(node)).ask('POST', '/pools/warm', keptWarm, {}, wanted)
    await auditNode(this.database.prisma, who, 'pool.warm', kept.id, { ...wanted, ...on(node) })
    return kept
  }

  async cancelWarm(who: Principal, id: string, node?: string): Promise<void> {
    assertMay(who, 'pool.change')
    await (await this.#reach(node)).ask('DELETE', `/pools/warm/${id}`, z.unknown())
    await auditNode(this.database.prisma, who, 'pool.unwarm', id, on(node))
  }

  #reach(node: string | undefined): Promise<RuntimeClient> {
    return this.nodes.reach(node ?? null)
  }
}

const observed = async (node: ServerNode, orphanDisks: number): Promise<Observed> => ({
  orphanDisks,
  ...{ name: node.name, isCordoned: node.row.cordoned, unknown: node.orphans.unknown.length },
  isMismatch: node.pairing.status.state === 'mismatch',
  said: await node.describe().catch(() => undefined), // it does not answer, and that is the news
})

const on = (node: string | undefined) => (node === undefined ? {} : { node })
