import type { Logger } from 'pino'
import { z } from 'zod'
import { quarantineEntry } from '../../protocol/api/index.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { budgetOfPass } from './pass.js'

const quarantine = z.object({ entries: z.array(quarantineEntry) })

/** The share of a pass, of those that the database does not know, is set aside in this time. An operator decides on the rest. */
const windowHours = 1
/** A creation may be under way for this long: the node knows it, and its row is not there yet. */
const creationMs = 60_000
/** Of one pass. */
const unfinishedMax = 20

/**
 * Sandboxes on a node that have no row, or whose row names another node. Only those that were deleted are destroyed; one that the database has never
 * heard of is stopped and set aside with its disk, a few at most: many of them mean that the database is the wrong one.
 */
export class Orphans {
  #unknown: RuntimeSandbox[] = []

  constructor(
    private readonly database: Database,
    private readonly nodeId: string,
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
   * @param elsewhere ids whose row names another node: what is here is destroyed only if it was given up before
   * @param total how many sandboxes the node has
   * @param mine whether this server has the chore; otherwise it only looks
   */
  async clear(
    without: readonly RuntimeSandbox[],
    { deleted, elsewhere }: { deleted: ReadonlySet<string>; elsewhere: ReadonlySet<string> },
    total: number,
    mine: boolean,
  ): Promise<void> {
    const rows = await this.database.prisma.deletedSandbox.findMany({
      where: { id: { in: without.map(({ id }) => id).filter((id) => !elsewhere.has(id)) } },
    })
    const abandoned = await this.#abandoned(elsewhere)
    const gone = new Set([...deleted, ...rows.map(({ id }) => id), ...abandoned])
    const budget = budgetOfPass(total)
    const known = without.filter((one) => !gone.has(one.id))
    const unknown = known.filter(({ unconfirmedMs }) => unconfirmedMs === null)
    const may = mine && unknown.length > 0 ? Math.max(0, budget - (await this.#setAsideOfLate())) : 0
    if (mine) {
      for (const { id } of without.filter((one) => gone.has(one.id)).slice(0, budget)) {
        if (!abandoned.has(id) && (await this.#isBack(id))) continue
        this.log.warn({ id }, 'destroying a sandbox that was deleted, or made on another node instead')
        await this.runtime.remove(id)
      }
      // Nobody was told of these: whoever made them died, and nothing in them is anybody's.
      const unfinished = known.filter(({ unconfirmedMs }) => (unconfirmedMs ?? 0) > creationMs)
      for (const { id } of unfinished.slice(0, unfinishedMax)) {
        if (!(await this.#disown(id, 'unfinished'))) continue
        this.log.warn({ id }, 'destroying a sandbox whose creation was never finished')
        await this.runtime.remove(id)
      }
      for (const { id } of unknown.slice(0, may)) await this.setAside(id, 'unknown')
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

  /**
   * Stops a sandbox and puts it into quarantine.
   * @throws ApiError `conflict` when it has a row by now
   */
  async setAside(id: string, reason: 'unknown' | 'operator') {
    if (!(await this.#disown(id, reason))) {
      throw new ApiError('conflict', `the database knows ${id} by now; it was left as it is`)
    }
    const why = {
      cause: 'unknown_to_database',
      reason: 'the database does not know this sandbox, or has it on another node',
    }
    const entry = await this.runtime.ask('POST', `/sandboxes/${id}/quarantine`, quarantineEntry, {}, why)
    this.#unknown = this.#unknown.filter((one) => one.id !== id)
    this.log.error({ id, entry: entry.id }, 'a sandbox that the database does not know is in quarantine')
    return entry
  }

  /** Of these, what this node did not answer for when it was made, so that it was made on another one. */
  async #abandoned(ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (ids.size === 0) return new Set()
    const rows = await this.database.prisma.abandonedClaim.findMany({
      where: { id: { in: [...ids] }, nodeId: this.nodeId },
    })
    return new Set(rows.map(({ id }) => id))
  }

  /** Of all nodes and whichever server did it; and what is in the quarantine of this one, whose rows may be elsewhere. */
  async #setAsideOfLate(): Promise<number> {
    const { entries } = await this.runtime.ask('GET', '/quarantine', quarantine)
    const since = Date.now() - windowHours * 3_600_000
    const here = entries.filter(({ cause, at }) => cause === 'unknown_to_database' && Date.parse(at) > since)
    const { rows } = await this.database.pool.query(
      `SELECT count(*)::INTEGER AS count FROM disowned_sandbox
       WHERE reason = 'unknown' AND at > now() AT TIME ZONE 'UTC' - interval '${windowHours} hours'`,
    )
    return Math.max(Number(rows[0]?.count), here.length)
  }

  /** @returns false when it has a row here: somebody was told of it, or will be. Otherwise none is inserted any more */
  async #disown(id: string, reason: 'unfinished' | 'unknown' | 'operator'): Promise<boolean> {
    const { rows } = await this.database.pool.query('SELECT disown_sandbox($1, $2, $3) AS disowned', [
      ...[id, this.nodeId, reason],
    ])
    return rows[0]?.disowned === true
  }

  /** Looked at once more, for a server that was stopped since it read: an operator restores what was deleted. */
  async #isBack(id: string): Promise<boolean> {
    const { rows } = await this.database.pool.query(
      'SELECT FROM sandbox WHERE id = $1 AND "deletedAt" IS NULL',
      [id],
    )
    return rows.length > 0
  }
}
