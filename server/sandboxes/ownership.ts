import { LRUCache } from 'lru-cache'
import { notThere } from '../auth/exams.js'
import { type Action, type Asking, assertGuestMay, assertMay, belongsTo } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database, Prisma } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { notFound } from '../errors.js'
import type { ShareAccess } from '../guests/access.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** A sandbox as the database has it. */
export type Row = Prisma.SandboxGetPayload<object>

const none = { level: undefined }

/** What decides whose a sandbox is, and who answers for it. */
type Owner = Pick<Row, 'tenantId' | 'ownerId' | 'nodeId' | 'assignmentId' | 'keyId'>

/** Sandboxes whose tenant and node are remembered. */
const maxOwners = 10_000
/** One that an operator restores on another node is found there after this time. */
const ownerFreshMs = 60_000

/** Whose a sandbox is and where: every call about one asks here first. Somebody else's does not exist. */
export class Ownership {
  /** Tenants and nodes of sandboxes, by id: they never change hands. */
  readonly #owners = new LRUCache<string, Owner>({
    max: maxOwners,
    ttl: ownerFreshMs,
  })

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly shares: ShareAccess,
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
    const owner = this.#owners.get(id)
    if (owner === undefined) return this.nodes.reach((await this.row(who, action, id)).nodeId)
    await this.#require(who, action, id, owner)
    return this.nodes.reach(owner.nodeId)
  }

  remember({ id, tenantId, ownerId, nodeId, assignmentId, keyId }: Row): void {
    this.#owners.set(id, { tenantId, ownerId, nodeId, assignmentId, keyId })
  }

  /** @throws ApiError as `authorize` */
  async row(who: Principal, action: Action, id: string): Promise<Row> {
    // Every call about a sandbox asks this first; Prisma takes three times as long for it.
    const { rows } = await this.database.pool.query<Row>({
      ...{ name: 'sandbox-row', text: 'SELECT * FROM sandbox WHERE id = $1', values: [id] },
    })
    await this.#require(who, action, id, rows[0])
    const row = rows[0]
    if (row === undefined || row.deletedAt !== null) throw notFound('sandbox')
    this.remember(row)
    return row
  }

  /** Whether it is another tenant's, or for a student a classmate's, so that they can be in it by a share only. */
  async isGuest(who: Asking, id: string): Promise<boolean> {
    const owner = await this.ownerOf(id)
    return owner !== undefined && !belongsTo(who, owner)
  }

  /** Whose a sandbox is; undefined when there is none. */
  async ownerOf(id: string): Promise<Omit<Owner, 'nodeId'> | undefined> {
    const known = this.#owners.get(id)
    if (known !== undefined) return known
    const { rows } = await this.database.pool.query<Omit<Owner, 'nodeId'>>({
      name: 'owner-of-sandbox',
      text: 'SELECT "tenantId", "ownerId", "assignmentId", "keyId" FROM sandbox WHERE id = $1',
      values: [id],
    })
    return rows[0]
  }

  /** What somebody may by what they are in its tenant, or else by a share of it. */
  async #require(
    who: Principal,
    action: Action,
    id: string,
    owner: Omit<Owner, 'nodeId'> | undefined,
  ): Promise<void> {
    const own = owner !== undefined && belongsTo(who, owner)
    const { level } = owner === undefined || own ? none : await this.shares.of(who, id)
    if (level !== undefined) return assertGuestMay(level, action)
    assertMay(who, action)
    if (!own) throw notThere(who, 'sandbox')
  }

  forget(id: string): void {
    this.#owners.delete(id)
  }
}
