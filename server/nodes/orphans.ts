import type { Logger } from 'pino'
import { quarantineEntry } from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** Of a node's sandboxes, at most this share is removed in one pass; one always may be. */
const shareOfPass = 0.05
/** The same share of those that the database does not know is set aside in this time. An operator decides on the rest. */
const windowMs = 3_600_000

/**
 * Sandboxes on a node that have no row, or whose row names another node. Only those that were deleted are destroyed; one that the database has never
 * heard of is stopped and set aside with its disk, a few at most: many of them mean that the database is the wrong one.
 */
export class Orphans {
  #unknown: RuntimeSandbox[] = []
  #setAsideAt: number[] = []

  constructor(
    private readonly database: Database,
    private readonly runtime: RuntimeClient,
    private readonly log: Logger,
  ) {}

  /** Those that the database does not know and that were left for an operator, at the last pass. */
  get unknown(): readonly RuntimeSandbox[] {
    return this.#unknown
  }

  /**
   * @param without sandboxes of the node without a row, or whose row says that they are deleted or elsewhere
   * @param deleted ids whose row says that they are deleted
   * @param elsewhere ids whose row names another node: whatever is here is not destroyed for it
   * @param total how many sandboxes the node has
   */
  async clear(
    without: readonly RuntimeSandbox[],
    { deleted, elsewhere }: { deleted: ReadonlySet<string>; elsewhere: ReadonlySet<string> },
    total: number,
  ): Promise<void> {
    const rows = await this.database.prisma.deletedSandbox.findMany({
      where: { id: { in: without.map(({ id }) => id).filter((id) => !elsewhere.has(id)) } },
    })
    const gone = new Set([...deleted, ...rows.map(({ id }) => id)])
    const budget = Math.max(1, Math.floor(total * shareOfPass))
    for (const { id } of without.filter((one) => gone.has(one.id)).slice(0, budget)) {
      this.log.warn({ id }, 'destroying a sandbox that was deleted')
      await this.runtime.remove(id)
    }
    const unknown = without.filter((one) => !gone.has(one.id))
    const now = Date.now()
    this.#setAsideAt = this.#setAsideAt.filter((at) => at > now - windowMs)
    const may = Math.max(0, budget - this.#setAsideAt.length)
    for (const { id } of unknown.slice(0, may)) {
      await this.setAside(id)
      this.#setAsideAt.push(now)
    }
    const left = unknown.slice(may)
    if (left.length !== this.#unknown.length && left.length > 0) {
      const ids = left.slice(0, 20).map(({ id }) => id)
      this.log.error(
        { count: left.length, ids },
        'the node has sandboxes that the database does not know: an operator decides',
      )
    }
    this.#unknown = left
  }

  /** Stops a sandbox and puts it into quarantine. */
  async setAside(id: string) {
    const why = {
      cause: 'unknown_to_database',
      reason: 'the database does not know this sandbox, or has it on another node',
    }
    const entry = await this.runtime.ask('POST', `/sandboxes/${id}/quarantine`, quarantineEntry, {}, why)
    this.#unknown = this.#unknown.filter((one) => one.id !== id)
    this.log.error({ id, entry: entry.id }, 'a sandbox that the database does not know is in quarantine')
    return entry
  }
}
