import { z } from 'zod'
import {
  type adminNode,
  keptSchedule,
  keptWarm,
  type poolSchedule,
  poolsStatus,
  type warmRequest,
} from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** What operators see of the node, and what they ask its pools for. The runtime keeps it and checks it. */
export class NodeService {
  constructor(
    private readonly database: Database,
    private readonly runtime: RuntimeClient,
  ) {}

  async read(who: Principal): Promise<z.infer<typeof adminNode>> {
    assertMay(who, 'node.read')
    return this.runtime.node()
  }

  /** For metrics: undefined while the runtime does not answer. */
  async observe(who: Principal): Promise<z.infer<typeof adminNode> | undefined> {
    assertMay(who, 'node.read')
    return this.runtime.node().catch(() => undefined)
  }

  async pools(who: Principal): Promise<z.infer<typeof poolsStatus>> {
    assertMay(who, 'node.read')
    return this.runtime.ask('GET', '/pools', poolsStatus)
  }

  async saveSchedule(
    who: Principal,
    name: string,
    wanted: z.infer<typeof poolSchedule>,
  ): Promise<z.infer<typeof keptSchedule>> {
    assertMay(who, 'pool.change')
    const kept = await this.runtime.ask('PUT', `/pools/schedules/${name}`, keptSchedule, {}, wanted)
    await auditNode(this.database.prisma, who, 'pool.schedule', name, wanted)
    return kept
  }

  async deleteSchedule(who: Principal, name: string): Promise<void> {
    assertMay(who, 'pool.change')
    await this.runtime.ask('DELETE', `/pools/schedules/${name}`, z.unknown())
    await auditNode(this.database.prisma, who, 'pool.unschedule', name)
  }

  async warm(who: Principal, wanted: z.infer<typeof warmRequest>): Promise<z.infer<typeof keptWarm>> {
    assertMay(who, 'pool.change')
    const kept = await this.runtime.ask('POST', '/pools/warm', keptWarm, {}, wanted)
    await auditNode(this.database.prisma, who, 'pool.warm', kept.id, wanted)
    return kept
  }

  async cancelWarm(who: Principal, id: string): Promise<void> {
    assertMay(who, 'pool.change')
    await this.runtime.ask('DELETE', `/pools/warm/${id}`, z.unknown())
    await auditNode(this.database.prisma, who, 'pool.unwarm', id)
  }
}
