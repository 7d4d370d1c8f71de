import { z } from 'zod'
import type {
  adminQuarantine,
  adoptNode,
  PairingStatus,
  QuarantineEntry,
  SandboxWithUsage,
} from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { Templates } from '../nodes/templates.js'
import { OrphanDiskService } from './orphan-disks.js'
import { entriesOf, restore } from './restore.js'

export interface QuarantineParts {
  readonly database: Database
  readonly nodes: NodeRegistry
  readonly templates: Templates
}

/** What was set aside on nodes, and whether the database and a node belong together. */
export class QuarantineService {
  /** Volumes and snapshots, which stay where they are. */
  readonly disks: OrphanDiskService

  constructor(private readonly parts: QuarantineParts) {
    this.disks = new OrphanDiskService(parts.database, parts.nodes)
  }

  async list(who: Principal): Promise<z.infer<typeof adminQuarantine>> {
    assertMay(who, 'node.read')
    const [{ found, silent }, disks] = await Promise.all([this.#entries(), this.disks.list()])
    if (found.length === 0 && silent[0] !== undefined) throw silent[0].error
    return {
      entries: found.map(({ node, entry }) => ({ ...entry, nodeId: node.id })),
      unknown: (await this.parts.nodes.all()).flatMap(({ id: nodeId, orphans }) =>
        orphans.unknown.map(({ id, tenantId, template }) => ({ id, tenantId, template, nodeId })),
      ),
      disks,
      unreachable: silent.map(({ node }) => node.id),
    }
  }

  async add(who: Principal, sandboxId: string): Promise<QuarantineEntry> {
    assertMay(who, 'quarantine.change')
    const { database, nodes } = this.parts
    const all = await nodes.all()
    const node = all.find(({ orphans }) => orphans.unknown.some(({ id }) => id === sandboxId))
    if (node === undefined) {
      // Before anything is said of a sandbox, what the nodes are is known.
      for (const one of all.slice(0, 1)) await one.runtime.assertMayChange()
      throw new ApiError(
        'conflict',
        `${sandboxId} is not among the sandboxes that the database does not know`,
      )
    }
    await node.runtime.assertMayChange()
    const entry = await node.orphans.setAside(sandboxId, 'operator')
    await auditNode(database.prisma, who, 'quarantine.add', sandboxId)
    return entry
  }

  async restore(
    who: Principal,
    id: string,
    wanted: { sandboxId?: string | undefined; tenantId?: string | undefined },
  ): Promise<SandboxWithUsage> {
    assertMay(who, 'quarantine.change')
    const { node, entry } = await this.#find(id)
    await node.runtime.assertMayChange()
    const restored = await restore(this.parts, node, who, entry, wanted)
    await auditNode(this.parts.database.prisma, who, 'quarantine.restore', restored.id, { entry: id })
    return restored
  }

  async delete(who: Principal, id: string): Promise<void> {
    assertMay(who, 'quarantine.change')
    const { node } = await this.#find(id)
    await node.runtime.assertMayChange()
    await node.runtime.ask('DELETE', `/quarantine/${id}`, z.unknown())
    await auditNode(this.parts.database.prisma, who, 'quarantine.delete', id)
  }

  async installation(who: Principal, node?: string): Promise<PairingStatus> {
    assertMay(who, 'node.read')
    return (await this.parts.nodes.of(node ?? null)).pairing.check()
  }

  async adopt(who: Principal, { node, nodeId }: z.infer<typeof adoptNode>): Promise<PairingStatus> {
    assertMay(who, 'installation.adopt')
    const { pairing } = await this.parts.nodes.of(nodeId ?? null)
    const status = await pairing.adopt(node)
    const { database } = status
    await auditNode(this.parts.database.prisma, who, 'installation.adopt', node ?? 'new', {
      ...{ database, ...(nodeId === undefined ? {} : { nodeId }) },
    })
    return status
  }

  /** @throws ApiError `not_found`, or why a node that may have it does not answer */
  async #find(id: string): Promise<{ node: ServerNode; entry: QuarantineEntry }> {
    const { found, silent } = await this.#entries()
    const one = found.find(({ entry }) => entry.id === id)
    if (one !== undefined) return one
    if (silent[0] !== undefined) throw silent[0].error
    throw notFound('entry in quarantine')
  }

  /** Of all nodes; those that do not answer with the reason. */
  async #entries() {
    const nodes = await this.parts.nodes.all()
    const asked = await Promise.allSettled(nodes.map(async (node) => entriesOf(node.reach())))
    const found: { node: ServerNode; entry: QuarantineEntry }[] = []
    const silent: { node: ServerNode; error: unknown }[] = []
    for (const [at, node] of nodes.entries()) {
      const answer = asked[at]
      if (answer?.status === 'fulfilled') found.push(...answer.value.map((entry) => ({ node, entry })))
      else silent.push({ node, error: answer?.reason })
    }
    return { found, silent }
  }
}
