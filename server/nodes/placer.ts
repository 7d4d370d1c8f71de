import { LRUCache } from 'lru-cache'
import type pg from 'pg'
import type { Isolation, Node } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import type { ServerNode } from './node.js'
import { type Candidate, place, type Wanted } from './placement.js'
import type { NodeRegistry } from './registry.js'

/** Tenants whose last node is remembered. */
const maxTenants = 10_000
const mib = 1024 ** 2

/** What was placed on a node since it said what it has. */
interface Placed {
  readonly since: unknown
  memoryMiB: number
  sandboxes: number
}

const sizeOf = ({ memoryTotalBytes, diskTotalBytes }: Node) => ({
  memoryMiB: memoryTotalBytes / mib,
  diskMiB: diskTotalBytes / mib,
})

/** What is placed will not use all of its limits at once; counting them keeps a burst from going to one node. */
function freeShare(last: Node, placed: Placed): number {
  const memory = (last.memoryAvailableBytes - placed.memoryMiB * mib) / Math.max(1, last.memoryTotalBytes)
  const disk = (last.diskTotalBytes - last.diskUsedBytes) / Math.max(1, last.diskTotalBytes)
  return Math.max(0, Math.min(memory, disk))
}

/** No node takes it, and nothing was begun anywhere. */
export class NotPlaced extends ApiError {}

/** Finds the node for what is new, by what is known of the nodes at this moment. */
export class Placer {
  /** Where a tenant's last sandboxes were placed by this server. */
  readonly #tenants = new LRUCache<string, string>({ max: maxTenants })
  readonly #placed = new Map<string, Placed>()

  constructor(
    private readonly nodes: NodeRegistry,
    private readonly pool: pg.Pool,
  ) {}

  /**
   * @param besides nodes that have refused it already
   * @throws ApiError that says why no node takes it
   */
  async place(
    tenantId: string,
    wanted: Wanted,
    besides: ReadonlySet<string> = new Set(),
  ): Promise<ServerNode> {
    const nodes = (await this.nodes.all()).filter(({ id }) => !besides.has(id))
    const [only] = nodes
    // Nothing to choose: it says itself what it does not have.
    if (besides.size === 0 && nodes.length === 1 && only?.state === 'ready') return only
    const home = await this.#nodeOf(tenantId)
    const candidates = await Promise.all(nodes.map((node) => this.#candidate(node, home, wanted)))
    const placement = place(candidates, wanted)
    if ('refusal' in placement) {
      const { code, message } = placement.refusal
      throw new NotPlaced(code, message, code === 'template_unavailable' ? undefined : retryAfterSeconds)
    }
    const node = nodes.find(({ id }) => id === placement.node)
    if (node === undefined) throw new Error(`placed on ${placement.node}, which is no candidate`)
    this.#tenants.set(tenantId, node.id)
    this.#count(node, wanted)
    return node
  }

  /**
   * The node that is to have what a tenant keeps: where its sandboxes are, or else the one with most room.
   * @throws ApiError `runtime_unavailable` when none takes new work
   */
  async home(tenantId: string): Promise<ServerNode> {
    const nodes = (await this.nodes.all()).filter(({ state }) => state === 'ready')
    const answering = nodes.filter(({ answers }) => answers)
    const candidates = answering.length > 0 ? answering : nodes
    const home = await this.#nodeOf(tenantId)
    const room = ({ last }: ServerNode) =>
      last === undefined ? 0 : (last.diskTotalBytes - last.diskUsedBytes) / Math.max(1, last.diskTotalBytes)
    const node =
      candidates.find(({ id }) => id === home) ?? candidates.toSorted((a, b) => room(b) - room(a))[0]
    if (node === undefined) {
      throw new ApiError('runtime_unavailable', 'no node takes new work', retryAfterSeconds)
    }
    return node
  }

  /** The node of the tenant's newest sandbox. */
  async #nodeOf(tenantId: string): Promise<string | undefined> {
    const known = this.#tenants.get(tenantId)
    if (known !== undefined) return known
    const { rows } = await this.pool.query<{ nodeId: string | null }>(
      `SELECT "nodeId" FROM sandbox WHERE "tenantId" = $1 AND "deletedAt" IS NULL ORDER BY "createdAt" DESC LIMIT 1`,
      [tenantId],
    )
    return rows[0]?.nodeId ?? undefined
  }

  async #candidate(node: ServerNode, home: string | undefined, wanted: Wanted): Promise<Candidate> {
    const { id, name, state, last, pairing } = node
    // One that belongs to another database refuses everything.
    const answers = node.answers && pairing.status.state !== 'mismatch'
    const templates = await node.lastTemplates()
    const placed = this.#placedOn(node)
    const pool = last?.pools.find(
      ({ template, isolation, purpose }) =>
        template === wanted.template && isolation === wanted.isolation && purpose === wanted.purpose,
    )
    return {
      ...{ id, name, state, answers, full: last?.full ?? null },
      templates: new Map(templates.map((one) => [one.name, one.isolation as readonly Isolation[]])),
      size: last === undefined ? null : sizeOf(last),
      freeShare: last === undefined ? 0 : freeShare(last, placed),
      warm: Math.max(0, (pool?.ready ?? 0) - placed.sandboxes),
      hasTenant: home === id,
      sandboxes: (last?.sandboxes ?? 0) + placed.sandboxes,
    }
  }

  #placedOn({ id, last }: ServerNode): Placed {
    const known = this.#placed.get(id)
    if (known !== undefined && known.since === last) return known
    const fresh: Placed = { since: last, memoryMiB: 0, sandboxes: 0 }
    this.#placed.set(id, fresh)
    return fresh
  }

  #count(node: ServerNode, { memoryMiB }: Wanted): void {
    const placed = this.#placedOn(node)
    placed.memoryMiB += memoryMiB
    placed.sandboxes += 1
  }
}

const retryAfterSeconds = 5
