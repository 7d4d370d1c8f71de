import { hostname } from 'node:os'
import type { Logger } from 'pino'
import { z } from 'zod'
import { newId } from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'
import { RuntimeClient } from '../runtime-client/client.js'
import { connect } from './connect.js'
import { ServerNode } from './node.js'
import { endpointOf, type NodeRow, nodeRow } from './row.js'
import { within } from './within.js'

/** Of a node that has no usable address: nothing is ever asked of it. */
const nowhere = () => new RuntimeClient({ socketPath: '/nonexistent' })

/** Another server may have changed the registry: rows are read again when they are older. */
const freshMs = 1000
/** What a start waits for the node beside it to say who it is. */
const introductionMs = 2000

/**
 * The nodes of the installation, as the database has them. What is kept here is only a copy: rows may be a second old, and
 * the database itself refuses what must not be, such as a new sandbox on a cordoned node.
 */
export class NodeRegistry implements Disposable {
  #nodes: ReadonlyMap<string, ServerNode> | undefined
  #reading: Promise<readonly ServerNode[]> | undefined
  #readAt = 0
  #registered = false

  /** @param localSocket of the runtime beside this server, which is registered by itself */
  constructor(
    private readonly database: Database,
    private readonly localSocket: string,
    private readonly log: Logger,
  ) {}

  [Symbol.dispose](): void {
    for (const node of this.known) node[Symbol.dispose]()
  }

  /** As they were read last, without a look at the database. */
  get known(): readonly ServerNode[] {
    return [...(this.#nodes?.values() ?? [])]
  }

  /** Every node, the oldest first. */
  async all(): Promise<readonly ServerNode[]> {
    if (this.#nodes === undefined) return this.refresh()
    if (performance.now() - this.#readAt > freshMs) this.refresh().catch(() => {}) // nobody waits; tried again
    return this.known
  }

  /** Reads the registry now, for whoever has changed it or was refused because of it. */
  refresh(): Promise<readonly ServerNode[]> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined
    })
    return this.#reading
  }

  /** @param id null for the oldest node: rows of before have no other. @throws ApiError `not_found` */
  async of(id: string | null): Promise<ServerNode> {
    const find = (nodes: readonly ServerNode[]) =>
      id === null ? nodes[0] : nodes.find((one) => one.id === id)
    const node = find(await this.all()) ?? find(await this.refresh())
    if (node === undefined) throw notFound('node')
    return node
  }

  /** The node that a sandbox's row names, for whoever acts on it. @throws ApiError `runtime_unavailable` */
  async reach(id: string | null): Promise<RuntimeClient> {
    return (await this.of(id)).reach()
  }

  /** What nodes say of their sandboxes, by id. One that does not answer adds nothing, and nobody waits long for it. */
  async statuses(ids: Iterable<string | null>): Promise<ReadonlyMap<string, RuntimeSandbox>> {
    const nodes = await this.all()
    const wanted = new Set([...ids].map((id) => id ?? nodes[0]?.id))
    const views = await Promise.allSettled(
      nodes
        .filter((node) => wanted.has(node.id) && node.state !== 'unreachable')
        .map((node) => node.statuses.all()),
    )
    const found = views.flatMap((view) => (view.status === 'fulfilled' ? [view.value] : []))
    if (found.length === 1 && found[0] !== undefined) return found[0]
    return new Map(found.flatMap((view) => [...view]))
  }

  /** Whether it is the runtime beside this server. */
  isLocal({ row }: ServerNode): boolean {
    return endpointOf(row.address) === endpointOf({ socketPath: this.localSocket })
  }

  async #read(): Promise<readonly ServerNode[]> {
    if (!this.#registered) this.#registered = await this.#registerLocal()
    const rows = await this.database.prisma.node.findMany({ orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] })
    const before = this.#nodes
    const nodes = new Map<string, ServerNode>()
    for (const row of z.array(nodeRow).parse(rows)) nodes.set(row.id, this.#nodeOf(row, before?.get(row.id)))
    for (const [id, node] of before ?? []) if (nodes.get(id) !== node) node[Symbol.dispose]()
    this.#nodes = nodes
    this.#readAt = performance.now()
    return [...nodes.values()]
  }

  #nodeOf(row: NodeRow, known: ServerNode | undefined): ServerNode {
    if (known?.isAt(row.address) && known.problem === null) {
      known.row = row
      return known
    }
    try {
      return new ServerNode(row, this.database, this.log, (mayChange) => connect(row.address, mayChange))
    } catch (error) {
      // A file of its own: the other nodes are none the worse for it.
      const problem = error instanceof Error ? error.message : String(error)
      if (known?.problem !== problem) this.log.error({ node: row.id, problem }, 'a node cannot be reached')
      else {
        known.row = row
        return known
      }
      return new ServerNode(row, this.database, this.log, nowhere, problem)
    }
  }

  /**
   * The runtime beside this server is a node without anybody's doing. It says itself which one it is, so that a database
   * that moved to another directory keeps its node; sandboxes of before there was a registry are on it.
   *
   * @returns false when it could be told only by the runtime, which does not answer yet
   */
  async #registerLocal(): Promise<boolean> {
    const { prisma, pool } = this.database
    const address = { socketPath: this.localSocket }
    const endpoint = endpointOf(address)
    const here = await prisma.node.findUnique({
      where: { endpoint },
      include: { _count: { select: { sandboxes: true } } },
    })
    const said = await this.#introduction(address)
    const known = said === undefined ? null : await prisma.node.findUnique({ where: { id: said } })
    if (known !== null && known.endpoint !== endpoint && (here === null || here._count.sandboxes === 0)) {
      if (here !== null) await prisma.node.delete({ where: { id: here.id } })
      await prisma.node.update({ where: { id: known.id }, data: { address, endpoint } })
      this.log.warn(
        { node: known.id, was: known.endpoint },
        'the node beside this server has another address now',
      )
    } else if (here === null) {
      // Without its word a node of another address may be this one.
      if (said === undefined && (await prisma.node.count()) > 0) return false
      const row = { id: newId('nd'), address, endpoint }
      const name = hostname().slice(0, 50) || 'local'
      // Should the name be taken, by the node of another host, the second is made; of two servers that start, one.
      for (const data of [
        { ...row, name },
        { ...row, name: `${name}-${row.id.slice(-4)}` },
      ])
        await prisma.node.createMany({ data, skipDuplicates: true })
    }
    await pool.query(
      `UPDATE sandbox SET "nodeId" = (SELECT id FROM node WHERE endpoint = $1)
       WHERE "nodeId" IS NULL AND "deletedAt" IS NULL`,
      [endpoint],
    )
    return true
  }

  /** The id that the runtime was told; null when it was not, undefined when it does not answer. */
  async #introduction(address: { socketPath: string }): Promise<string | undefined> {
    using runtime = connect(address)
    const node = await within(
      introductionMs,
      runtime.node().catch(() => undefined),
    )
    return node === undefined ? undefined : (node.nodeId ?? 'none')
  }
}
