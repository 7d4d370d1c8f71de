import type { z } from 'zod'
import {
  type addNode,
  type ChangeNode,
  type Node,
  newId,
  nodeCapacity,
  type RegisteredNode,
} from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { databaseInstallation } from '../installation/pairing.js'
import { connect } from './connect.js'
import type { ServerNode } from './node.js'
import type { NodeRegistry } from './registry.js'
import { endpointOf } from './row.js'

type AddNode = z.output<typeof addNode>

/** The registry of nodes, for operators. */
export class RegistryService {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /** Every node, the oldest first. */
  async list(who: Principal): Promise<RegisteredNode[]> {
    assertMay(who, 'node.read')
    const held = await this.#held()
    return Promise.all((await this.nodes.refresh()).map((node) => present(node, held.get(node.id) ?? 0)))
  }

  /**
   * Adds a node, which must answer and belong to this installation or to none yet.
   * @throws ApiError `runtime_unavailable` when it does not answer, `conflict` when it belongs elsewhere or is known already
   */
  async add(who: Principal, wanted: AddNode): Promise<RegisteredNode> {
    assertMay(who, 'node.change')
    const { name, address, labels, cordoned } = wanted
    const said = await introduction(wanted)
    const id = await this.#idFor(said)
    await this.#assertFree(name, endpointOf(address))
    await this.database.prisma.node.create({
      data: {
        ...{ id, name, address, endpoint: endpointOf(address), labels, cordoned },
        ...{ capacity: nodeCapacity.parse(said), lastSeenAt: new Date() },
      },
    })
    await this.nodes.refresh()
    const node = await this.nodes.of(id)
    const { state, problem } = await node.pairing.check()
    if (state !== 'paired') {
      await this.database.prisma.node.delete({ where: { id } })
      await this.nodes.refresh()
      throw new ApiError('conflict', `the node was not added: ${problem}`)
    }
    await auditNode(this.database.prisma, who, 'node.add', id, { name, endpoint: endpointOf(address) })
    return present(node, 0)
  }

  /** @throws ApiError `not_found`, `conflict` when another node has the name */
  async change(who: Principal, id: string, wanted: ChangeNode): Promise<RegisteredNode> {
    assertMay(who, 'node.change')
    const { name, cordoned, labels } = wanted
    const { prisma } = this.database
    if ((await prisma.node.findUnique({ where: { id } })) === null) throw notFound('node')
    if (name !== undefined) await this.#assertFree(name, undefined, id)
    await prisma.node.update({
      where: { id },
      data: {
        ...(name === undefined ? {} : { name }),
        ...(cordoned === undefined ? {} : { cordoned }),
        ...(labels === undefined ? {} : { labels }),
      },
    })
    await auditNode(prisma, who, 'node.change', id, { ...wanted })
    await this.nodes.refresh()
    return present(await this.nodes.of(id), (await this.#held()).get(id) ?? 0)
  }

  /**
   * Removes a node that has no sandboxes. Nothing on it is touched, and it can be added again.
   * @throws ApiError `not_found`; `conflict` while it has sandboxes, and for the node beside the server
   */
  async remove(who: Principal, id: string): Promise<void> {
    assertMay(who, 'node.change')
    if (this.nodes.isLocal(await this.nodes.of(id))) {
      throw new ApiError(
        'conflict',
        'this node is beside the server, which registers it by itself; cordon it instead',
      )
    }
    await inTransaction(this.database.pool, async (client) => {
      // Locked: no sandbox is placed on it between the look and the deletion.
      await client.query('SELECT FROM node WHERE id = $1 FOR UPDATE', [id])
      const { rows } = await client.query(
        'SELECT count(*)::INTEGER AS live FROM sandbox WHERE "nodeId" = $1 AND "deletedAt" IS NULL',
        [id],
      )
      const live = Number(rows[0]?.live)
      if (live > 0) {
        throw new ApiError(
          'conflict',
          `the node has ${live} sandboxes; they must be deleted first. Nothing was changed`,
        )
      }
      const kept = await client.query('SELECT count(*)::INTEGER AS kept FROM snapshot WHERE "nodeId" = $1', [
        id,
      ])
      const snapshots = Number(kept.rows[0]?.kept)
      if (snapshots > 0) {
        throw new ApiError(
          'conflict',
          `the node has ${snapshots} snapshots; they must be deleted first. Nothing was changed`,
        )
      }
      const owned = await client.query(
        'SELECT count(*)::INTEGER AS owned FROM template WHERE "nodeId" = $1',
        [id],
      )
      const templates = Number(owned.rows[0]?.owned)
      if (templates > 0) {
        throw new ApiError(
          'conflict',
          `the node has ${templates} templates of tenants; they must be deleted first. Nothing was changed`,
        )
      }
      const volumes = await client.query('SELECT count(*)::INTEGER AS kept FROM volume WHERE "nodeId" = $1', [
        id,
      ])
      if (Number(volumes.rows[0]?.kept) > 0) {
        throw new ApiError(
          'conflict',
          `the node has ${volumes.rows[0]?.kept} volumes and snapshots of volumes; they must be deleted first. Nothing was changed`,
        )
      }
      const { rowCount } = await client.query('SELECT FROM registry_blob WHERE "nodeId" = $1 LIMIT 1', [id])
      if (rowCount !== 0) {
        throw new ApiError(
          'conflict',
          'the node has pushed images; they must be deleted first. Nothing was changed',
        )
      }
      await client.query('DELETE FROM node WHERE id = $1', [id])
    })
    await auditNode(this.database.prisma, who, 'node.remove', id)
    await this.nodes.refresh()
  }

  /** Sandboxes of each node that are not deleted. */
  async #held(): Promise<ReadonlyMap<string, number>> {
    const { rows } = await this.database.pool.query<{ nodeId: string; live: number }>(
      `SELECT "nodeId", count(*)::INTEGER AS live FROM sandbox
       WHERE "deletedAt" IS NULL AND "nodeId" IS NOT NULL GROUP BY "nodeId"`,
    )
    return new Map(rows.map(({ nodeId, live }) => [nodeId, live]))
  }

  /** One that was removed comes back under its id. */
  async #idFor({ installation, nodeId }: Node): Promise<string> {
    const own = await databaseInstallation(this.database.pool)
    if (installation !== null && installation !== own) {
      throw new ApiError(
        'conflict',
        `the node belongs to another installation (${installation}, this one is ${own}); it was not added`,
      )
    }
    if (nodeId === null || installation === null) return newId('nd')
    const known = await this.database.prisma.node.findUnique({ where: { id: nodeId } })
    if (known !== null) throw new ApiError('conflict', `this node is registered already, as ${known.name}`)
    return nodeId
  }

  async #assertFree(name: string, endpoint: string | undefined, besides?: string): Promise<void> {
    for (const row of await this.database.prisma.node.findMany()) {
      if (row.id === besides) continue
      if (row.name === name)
        throw new ApiError('conflict', `a node named ${name} exists already; choose another name`)
      if (row.endpoint === endpoint) throw new ApiError('conflict', `node ${row.name} has this address`)
    }
  }
}

/** What a node that is to be added says of itself. */
async function introduction({ address }: AddNode): Promise<Node> {
  using client = connect(address)
  try {
    return await client.node()
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    throw new ApiError(error.code, `the node was not added, because it does not answer: ${error.message}`)
  }
}

async function present(node: ServerNode, sandboxes: number): Promise<RegisteredNode> {
  const { row, state } = node
  const templates = await node.lastTemplates()
  return {
    ...{ id: row.id, name: row.name, kind: row.kind, address: row.address, state, cordoned: row.cordoned },
    ...{
      labels: row.labels,
      capacity: row.capacity,
      sandboxes,
      templates: templates.map(({ name }) => name),
    },
    lastSeenAt: row.lastSeenAt?.toISOString() ?? null,
    unreachableSince: row.unreachableSince?.toISOString() ?? null,
    problem: node.problem ?? row.lastProblem ?? node.pairing.status.problem,
    createdAt: row.createdAt.toISOString(),
  }
}
