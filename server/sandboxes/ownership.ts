import { LRUCache } from 'lru-cache'
import { type Action, assertMay, ofTenant } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database, Prisma } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { notFound } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** A sandbox as the database has it. */
export type Row = Prisma.SandboxGetPayload<object>

/** Sandboxes whose tenant and node are remembered. */
const maxOwners = 10_000
/** One that an operator restores on another node is found there after this time. */
const ownerFreshMs = 60_000

/** Whose a sandbox is and where: every call about one asks here first. Somebody else's does not exist. */
export class Ownership {
  /** Tenants and nodes of sandboxes, by id: they never change hands. */
  readonly #owners = new LRUCache<string, Pick<Row, 'tenantId' | 'nodeId'>>({
    max: maxOwners,
    ttl: ownerFreshMs,
  })

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'sandbox') this.forget(told.id)
    })
    notices.on('missed', () => this.#owners.clear())
  }

  /**
   * For calls that the runtime answers, and it knows what is deleted: who has been seen with a sandbox is its owner
   * still, and nobody waits for the database.
   *
   * @returns the node that the sandbox is on
   * @throws ApiError `forbidden`; `not_found` when there is none, or it is another tenant's; `runtime_unavailable` while
   * its node is unreachable
   */
  async authorize(who: Principal, action: Action, id: string): Promise<RuntimeClient> {
    assertMay(who, action)
    const owner = this.#owners.get(id)
    const { nodeId } = owner?.tenantId === who.tenantId ? owner : await this.#row(who, id)
    return this.nodes.reach(nodeId)
  }

  remember({ id, tenantId, nodeId }: Row): void {
    this.#owners.set(id, { tenantId, nodeId })
  }

  /** @throws ApiError as `authorize` */
  async row(who: Principal, action: Action, id: string): Promise<Row> {
    assertMay(who, action)
    return this.#row(who, id)
  }

  async #row(who: Principal, id: string): Promise<Row> {
    // Every call about a sandbox asks this first; Prisma takes three times as long for it.
    const { rows } = await this.database.pool.query<Row>({
      ...{ name: 'sandbox-row', text: 'SELECT * FROM sandbox WHERE id = $1', values: [id] },
    })
    const row = ofTenant(who, rows[0], 'sandbox')
    if (row.deletedAt !== null) throw notFound('sandbox')
    this.remember(row)
    return row
  }

  forget(id: string): void {
    this.#owners.delete(id)
  }
}
