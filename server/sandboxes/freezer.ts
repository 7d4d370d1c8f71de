import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { Turns } from '../turns.js'
import type { Row } from './ownership.js'

/** A node is asked to freeze so many at once: each takes some milliseconds. */
const atOnce = 16
/** A node that hangs holds up its own sandboxes, and not those of the tenant on other nodes. The next round tries again. */
const patienceMs = 5000
/** A server that was stopped while it has its turn is not waited for longer: what it does later it looks at once more. */
const turnMs = 2000
const lookMs = 20

/** What a node says of a sandbox that does not run, or that it does not have. */
const isOver: ReadonlySet<string> = new Set(['sandbox_not_running', 'not_found'])

const isFrozen = `EXISTS (SELECT FROM frozen_student AS one
  WHERE one."tenantId" = sandbox."tenantId" AND one."userId" = sandbox."ownerId")`

/**
 * Marks what is to stand still, before a node is asked: whoever goes on after a killed server knows what lessons have paused, and
 * what students themselves have.
 */
const mark = `
  UPDATE sandbox SET "frozenBy" = one."lessonId" FROM frozen_student AS one
  WHERE one."tenantId" = $1 AND sandbox."tenantId" = $1 AND sandbox."ownerId" = one."userId"
    AND "deletedAt" IS NULL AND (state = 'running' OR sandbox.id = ANY($2)) AND asleep IS NULL
  RETURNING sandbox.id, "nodeId"`
const toThaw = `
  SELECT id, "nodeId" FROM sandbox
  WHERE "tenantId" = $1 AND "frozenBy" IS NOT NULL AND "deletedAt" IS NULL AND NOT ${isFrozen}`

interface Target {
  readonly id: string
  readonly nodeId: string | null
  /** It was paused, and is not to be any more. */
  readonly over?: boolean
}

/**
 * The turn of a tenant, over all servers. It is the session's and no transaction's, as what is marked must be there for others before
 * nodes are asked.
 */
const tryLock = `SELECT pg_try_advisory_lock(hashtextextended('freeze ' || $1, 0)) AS locked`
const unlock = `SELECT pg_advisory_unlock(hashtextextended('freeze ' || $1, 0))`

async function lock(client: pg.PoolClient, tenantId: string): Promise<boolean> {
  for (const until = Date.now() + turnMs; ; await sleep(lookMs)) {
    const { rows } = await client.query<{ locked: boolean }>(tryLock, [tenantId])
    if (rows[0]?.locked === true) return true
    if (Date.now() > until) return false
  }
}

/**
 * Makes the sandboxes of students stand still for as long as a lesson says it (`frozen_student`), and run again afterwards.
 * What the lesson says is in the database before anything is done; a chore makes the rest agree after a server was killed.
 */
export class Freezer {
  /** Each turn has a connection of the database while nodes are asked, which need others. */
  readonly #turns = new Turns(3)

  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /** Whether a lesson freezes the student whose sandbox it is. */
  async holds({ tenantId, ownerId }: Pick<Row, 'tenantId' | 'ownerId'>): Promise<boolean> {
    if (ownerId === '') return false
    const { rowCount } = await this.database.pool.query({
      ...{ name: 'frozen-student', values: [tenantId, ownerId] },
      text: 'SELECT FROM frozen_student WHERE "tenantId" = $1 AND "userId" = $2',
    })
    return rowCount !== 0
  }

  /** @throws ApiError `conflict` while a lesson freezes it */
  async assertThawed(row: Pick<Row, 'tenantId' | 'ownerId'>): Promise<void> {
    if (!(await this.holds(row))) return
    throw new ApiError(
      'conflict',
      'a teacher has frozen this sandbox in a lesson: it is resumed when they thaw it',
    )
  }

  /**
   * For what has just come to run: it stands still again when a lesson says so, which may have been said meanwhile.
   * @returns whether it does
   */
  async keep({ id, tenantId, ownerId }: Pick<Row, 'id' | 'tenantId' | 'ownerId'>): Promise<boolean> {
    if (!(await this.holds({ tenantId, ownerId }))) return false
    await this.settle(tenantId, [id])
    return true
  }

  /**
   * Makes the sandboxes of a tenant agree with what its lessons say. One call at a time for each tenant, over all servers.
   * @param also of these the node decides whether they run, whatever their rows say
   */
  settle(tenantId: string, also: readonly string[] = []): Promise<void> {
    return this.#turns.take(tenantId, () => this.#settleInTurn(tenantId, also))
  }

  async #settleInTurn(tenantId: string, also: readonly string[]): Promise<void> {
    const client = await this.database.pool.connect()
    let broken: Error | boolean = true
    try {
      const isLocked = await lock(client, tenantId)
      await this.#settle(client, tenantId, also)
      if (isLocked) await client.query(unlock, [tenantId])
      broken = false
    } finally {
      // One that may still have the lock is closed.
      client.release(broken)
    }
  }

  /** Settles what a killed server has left, and lessons whose time is over. */
  async settleAll(): Promise<void> {
    const { rows } = await this.database.pool.query<{ tenantId: string }>(
      `SELECT "tenantId" FROM sandbox WHERE "frozenBy" IS NOT NULL AND "deletedAt" IS NULL AND NOT ${isFrozen}
       UNION SELECT sandbox."tenantId" FROM frozen_student AS one
       JOIN sandbox ON sandbox."tenantId" = one."tenantId" AND sandbox."ownerId" = one."userId"
       WHERE state = 'running' AND "deletedAt" IS NULL AND asleep IS NULL`,
    )
    await Promise.all(rows.map(({ tenantId }) => this.settle(tenantId)))
  }

  async #settle(client: pg.PoolClient, tenantId: string, also: readonly string[]): Promise<void> {
    const { rows: freezing } = await client.query<Target>(mark, [tenantId, also])
    const { rows: thawing } = await client.query<Target>(toThaw, [tenantId])
    const [frozen, thawed] = await Promise.all([this.#ask(freezing, 'pause'), this.#ask(thawing, 'resume')])
    if (frozen.done.length > 0) {
      const { rows } = await client.query<Target>(
        `UPDATE sandbox SET state = CASE WHEN ${isFrozen} THEN 'paused' ELSE state END
         WHERE id = ANY($1) AND "deletedAt" IS NULL RETURNING id, "nodeId", NOT ${isFrozen} AS over`,
        [frozen.done],
      )
      // Of a server that was stopped in between: thawed meanwhile.
      const { done } = await this.#ask(
        rows.filter(({ over }) => over),
        'resume',
      )
      thawed.done.push(...done)
    }
    if (thawed.done.length > 0) {
      // Frozen again meanwhile, it keeps its mark, and the next turn finds that it runs.
      await client.query(
        `UPDATE sandbox SET state = 'running', "activeAt" = now() AT TIME ZONE 'UTC',
           "frozenBy" = CASE WHEN ${isFrozen} THEN "frozenBy" END
         WHERE id = ANY($1) AND "deletedAt" IS NULL`,
        [thawed.done],
      )
    }
    // Somebody has stopped it meanwhile, or it is gone: there is nothing to thaw.
    if (thawed.refused.length > 0) {
      await client.query('UPDATE sandbox SET "frozenBy" = NULL WHERE id = ANY($1)', [thawed.refused])
    }
  }

  /** @returns ids of what was done, and of what the node has that does not run */
  async #ask(targets: readonly Target[], action: 'pause' | 'resume') {
    const done: string[] = []
    const refused: string[] = []
    const waiting = targets.values()
    const until = AbortSignal.timeout(patienceMs)
    const work = async () => {
      for (const { id, nodeId } of waiting) {
        if (until.aborted) return
        try {
          await (await this.nodes.reach(nodeId)).act(id, action)
          done.push(id)
        } catch (error) {
          // Anything else is tried again: the mark stays.
          if (error instanceof ApiError && isOver.has(error.code)) refused.push(id)
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, targets.length) }, work))
    return { done, refused }
  }
}
