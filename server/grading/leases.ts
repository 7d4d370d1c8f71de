import { z } from 'zod'
import type { Database } from '../database/client.js'
import type { StoredCauses } from './causes.js'
import { type GradingRow, gradingColumns, gradingRow, type StoredResult } from './rows.js'

/** A lease that is not renewed for so long is over: its holder died, hangs or has no database. */
const leaseSeconds = 15
/** A grading whose server ended so often is given up. */
const attemptsMax = 3
const now = `now() AT TIME ZONE 'UTC'`
const lease = `${now} + interval '${leaseSeconds} seconds'`

/**
 * The next one: of the tenant with the fewest under way the oldest that may begin. Paused tenants wait.
 * `SKIP LOCKED`: two servers never take the same, and neither waits for the other.
 */
const take = `
  UPDATE grading SET state = 'running', attempt = attempt + 1, lease = lease + 1, "leasedBy" = $1, "leaseUntil" = ${lease},
    "notBefore" = NULL
  WHERE id = (
    SELECT one.id FROM grading AS one JOIN tenant ON tenant.id = one."tenantId"
    WHERE one.state = 'queued' AND NOT tenant.paused AND (one."notBefore" IS NULL OR one."notBefore" <= ${now})
    ORDER BY (SELECT count(*) FROM grading AS other WHERE other.state = 'running' AND other."tenantId" = one."tenantId"),
      one."createdAt", one.id
    LIMIT 1 FOR NO KEY UPDATE OF one SKIP LOCKED)
  RETURNING ${gradingColumns}`

export interface Outcome {
  readonly points: number
  readonly maxPoints: number
  readonly tests: readonly StoredResult[]
  readonly causes: StoredCauses
}

/**
 * The statements that perform gradings. Every change names the lease that it changes: a server that has lost a grading without knowing
 * it writes nothing down, so that no result is there twice.
 */
export class GradingLeases {
  constructor(
    private readonly database: Database,
    private readonly server: string,
  ) {}

  async take(): Promise<GradingRow | undefined> {
    const { rows } = await this.database.pool.query(take, [this.server])
    return rows[0] === undefined ? undefined : gradingRow.parse(rows[0])
  }

  /** @returns whether it still holds */
  async renew({ id, lease: held }: GradingRow): Promise<boolean> {
    const { rowCount } = await this.database.relaxed.query(
      `UPDATE grading SET "leaseUntil" = ${lease} WHERE id = $1 AND lease = $2 AND state = 'running'`,
      [id, held],
    )
    return rowCount === 1
  }

  /** Puts those whose server died back into the queue; what was begun too often is given up, and says so. */
  async takeBack(): Promise<void> {
    await this.database.pool.query(
      `UPDATE grading SET "leasedBy" = NULL, "leaseUntil" = NULL,
         state = CASE WHEN attempt < ${attemptsMax} THEN 'queued' ELSE 'failed' END,
         message = CASE WHEN attempt < ${attemptsMax} THEN message ELSE $1 END,
         "finishedAt" = CASE WHEN attempt < ${attemptsMax} THEN NULL ELSE ${now} END
       WHERE id IN (SELECT id FROM grading WHERE state = 'running' AND "leaseUntil" < ${now} LIMIT 100 FOR UPDATE SKIP LOCKED)`,
      [`given up after ${attemptsMax} attempts: the server ended while it was under way`],
    )
  }

  /** @returns false when somebody else has it by now, or it was canceled */
  async finish(
    { id, lease: held }: GradingRow,
    { points, maxPoints, tests, causes }: Outcome,
  ): Promise<boolean> {
    return this.#end(id, held, 'finished', [
      ...[points, maxPoints, JSON.stringify(tests), null, JSON.stringify(causes)],
    ])
  }

  async fail({ id, lease: held }: GradingRow, message: string): Promise<boolean> {
    return this.#end(id, held, 'failed', [null, null, null, message.slice(0, 2000), null])
  }

  /** Nothing of it counts: the node was full, or went away. @param counted false when nothing was begun */
  async requeue({ id, lease: held }: GradingRow, counted: boolean, pauseMs: number): Promise<void> {
    await this.database.pool.query(
      `UPDATE grading SET state = 'queued', attempt = attempt - $3, "leasedBy" = NULL, "leaseUntil" = NULL,
         "notBefore" = ${now} + $4::FLOAT8 * interval '1 ms'
       WHERE id = $1 AND lease = $2 AND state = 'running'`,
      [id, held, counted ? 0 : 1, pauseMs],
    )
  }

  /** How many wait that may begin. */
  async waiting(): Promise<number> {
    const { rows } = await this.database.pool.query(
      `SELECT count(*)::INTEGER AS count FROM (SELECT FROM grading WHERE state = 'queued' LIMIT 100) AS some`,
    )
    return z.object({ count: z.number() }).parse(rows[0]).count
  }

  async #end(id: string, held: number, state: string, outcome: readonly unknown[]): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE grading SET state = $3, points = $4, "maxPoints" = $5, tests = $6, message = $7, causes = $8, "leasedBy" = NULL,
         "leaseUntil" = NULL, "finishedAt" = ${now}
       WHERE id = $1 AND lease = $2 AND state = 'running'`,
      [id, held, state, ...outcome],
    )
    return rowCount === 1
  }
}
