import type pg from 'pg'
import { z } from 'zod'
import { quota, type RunState, type StepStatus } from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import { type RunRow, runColumns, runRow, summaryColumns } from './rows.js'

/** What a request becomes a row with. */
export interface NewRun {
  readonly id: string
  readonly tenantId: string
  readonly state: RunState
  readonly language: string | null
  readonly template: string
  readonly request: string
  readonly metadata: Record<string, string>
  readonly casesTotal: number | null
  readonly idempotencyKey: string | null
  readonly requestHash: string
  readonly createdBy: string
  readonly callbackUrl: string | null
  /** Nothing is stored when the tenant's runs hold as much already. */
  readonly storageBytes: number
}

const held = z.object({ id: z.string(), tenantId: z.string(), attempt: z.number(), quota })
/** A run that is queued or under way. */
export type Held = z.infer<typeof held>

/** Which runs a list holds. */
export interface RunQuery {
  readonly limit: number
  /** The last one of the page before. */
  readonly cursor?: string | undefined
  readonly state?: string | undefined
  readonly status?: string | undefined
  readonly language?: string | undefined
  readonly search?: string | undefined
}

/** Result of a query as rows of the table. */
const rowsOf = (result: pg.QueryResult): RunRow[] => z.array(runRow).parse(result.rows)

/** The statements about runs. Every change of state names the state it changes, so that none happens twice. */
export class RunStore {
  constructor(
    private readonly database: Database,
    private readonly retentionHours: number,
  ) {}

  /** On the disk when this returns. @returns undefined when the idempotency key is taken, or the storage is full */
  async insert(run: NewRun): Promise<RunRow | undefined> {
    const runs = run.state === 'running'
    const result = await this.database.pool.query({
      name: 'insert-run',
      text: `INSERT INTO run (id, "tenantId", state, language, template, request, metadata, "casesTotal",
               "idempotencyKey", "requestHash", "createdBy", "callbackUrl", attempt, "createdAt", "startedAt")
             SELECT $1, $2, $3, $4, $5, $6, $7::jsonb, $8::int, $9, $10, $11, $12, $13::int, $14::timestamp, $15::timestamp
             WHERE coalesce((SELECT bytes FROM run_storage WHERE "tenantId" = $2), 0) + octet_length($6) <= $16::bigint
             ON CONFLICT ("tenantId", "idempotencyKey") DO NOTHING RETURNING ${runColumns}`,
      values: [
        ...[run.id, run.tenantId, run.state, run.language, run.template, run.request, run.metadata],
        ...[run.casesTotal, run.idempotencyKey, run.requestHash, run.createdBy, run.callbackUrl],
        ...[runs ? 1 : 0, new Date(), runs ? new Date() : null, run.storageBytes],
      ],
    })
    return rowsOf(result)[0]
  }

  async byKey(tenantId: string, key: string): Promise<{ row: RunRow; requestHash: string } | undefined> {
    const result = await this.database.pool.query(
      `SELECT ${runColumns}, "requestHash" FROM run WHERE "tenantId" = $1 AND "idempotencyKey" = $2`,
      [tenantId, key],
    )
    const [row] = rowsOf(result)
    return row === undefined ? undefined : { row, requestHash: String(result.rows[0].requestHash) }
  }

  /** @returns undefined when it is not in the queue any more */
  async start(
    id: string,
  ): Promise<{ row: RunRow; request: string; quota: z.infer<typeof quota> } | undefined> {
    const result = await this.database.relaxed.query({
      name: 'start-run',
      text: `UPDATE run SET state = 'running', attempt = attempt + 1, "startedAt" = $2
             WHERE id = $1 AND state = 'queued' RETURNING ${runColumns}, request,
               (SELECT quota FROM tenant WHERE tenant.id = run."tenantId") AS quota`,
      values: [id, new Date()],
    })
    const [row] = rowsOf(result)
    if (row === undefined) return undefined
    return { row, request: String(result.rows[0].request), quota: quota.parse(result.rows[0].quota) }
  }

  /** @returns undefined when that attempt is not under way any more: it was canceled */
  async finish(id: string, attempt: number, result: RuntimeRunResult): Promise<RunRow | undefined> {
    const passed = result.cases.filter((one) => one.status === 'ok').length
    return this.#end(id, attempt, 'finished', result.status, {
      ...{ result: JSON.stringify(result), passed: result.cases.length > 0 ? passed : null },
    })
  }

  /** @returns undefined when it had ended already */
  cancel(id: string): Promise<RunRow | undefined> {
    return this.#end(id, null, 'canceled', null, { result: null, passed: null })
  }

  /** @param attempt that must be under way; null for a run that has not ended, queued or not */
  async #end(
    id: string,
    attempt: number | null,
    state: RunState,
    status: StepStatus | null,
    outcome: { result: string | null; passed: number | null },
  ): Promise<RunRow | undefined> {
    const now = new Date()
    const result = await this.database.relaxed.query({
      name: 'end-run',
      text: `UPDATE run SET state = $2, status = $3, result = $4, "casesPassed" = $5, "finishedAt" = $6::timestamp, "expiresAt" = $7,
         "callbackAt" = CASE WHEN "callbackUrl" IS NULL THEN NULL ELSE $6::timestamp END
       WHERE id = $1 AND (state = 'running' AND attempt = $8 OR $8 IS NULL AND state IN ('queued', 'running'))
       RETURNING ${runColumns}`,
      values: [
        ...[id, state, status, outcome.result, outcome.passed, now],
        ...[new Date(now.getTime() + this.retentionHours * 3_600_000), attempt],
      ],
    })
    return rowsOf(result)[0]
  }

  /**
   * Back to the queue, for a run that a failure of ours stopped.
   * @param counted false when nothing of it was begun
   */
  async requeue(id: string, attempt: number, counted: boolean): Promise<boolean> {
    const { rowCount } = await this.database.relaxed.query(
      `UPDATE run SET state = 'queued', attempt = attempt - $3 WHERE id = $1 AND state = 'running' AND attempt = $2`,
      [id, attempt, counted ? 0 : 1],
    )
    return rowCount === 1
  }

  /** Those that have been under way for so long at least, the oldest first. */
  orphans(forMs: number): Promise<Held[]> {
    return this.#held(`run.state = 'running' AND run."startedAt" <= $1`, [new Date(Date.now() - forMs)])
  }

  /** Everything in the queue, the oldest first. */
  queued(): Promise<Held[]> {
    return this.#held(`run.state = 'queued'`, [])
  }

  async #held(where: string, values: unknown[]) {
    const { rows } = await this.database.pool.query(
      `SELECT run.id, run."tenantId", run.attempt, tenant.quota
       FROM run JOIN tenant ON tenant.id = run."tenantId" WHERE ${where} ORDER BY run."createdAt", run.id`,
      values,
    )
    return z.array(held).parse(rows)
  }

  async get(tenantId: string, id: string): Promise<RunRow | undefined> {
    const text = `SELECT ${runColumns} FROM run WHERE id = $1 AND "tenantId" = $2`
    return rowsOf(await this.database.pool.query({ name: 'get-run', text, values: [id, tenantId] }))[0]
  }

  async request(id: string): Promise<string> {
    const { rows } = await this.database.pool.query('SELECT request FROM run WHERE id = $1', [id])
    return z.string().parse(rows[0]?.request)
  }

  /** Newest first. */
  async list(tenantId: string, query: RunQuery): Promise<RunRow[]> {
    const { limit, cursor, state, status, language, search } = query
    const pattern = search === undefined ? null : `%${search.replace(/[\\%_]/g, '\\$&')}%`
    const result = await this.database.pool.query(
      `SELECT ${summaryColumns} FROM run WHERE "tenantId" = $1
         AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR language = $3) AND ($7::text IS NULL OR status = $7)
         AND ($4::text IS NULL OR id ILIKE $4 OR language ILIKE $4 OR status ILIKE $4 OR metadata::text ILIKE $4)
         AND ($5::text IS NULL OR ("createdAt", id) < (SELECT "createdAt", id FROM run WHERE id = $5 AND "tenantId" = $1))
       ORDER BY "createdAt" DESC, id DESC LIMIT $6`,
      [tenantId, state ?? null, language ?? null, pattern, cursor ?? null, limit, status ?? null],
    )
    return rowsOf(result)
  }

  /** Bytes that the runs of a tenant take in the database. */
  async storedBytes(tenantId: string): Promise<number> {
    const { rows } = await this.database.pool.query('SELECT bytes FROM run_storage WHERE "tenantId" = $1', [
      tenantId,
    ])
    return rows[0] === undefined ? 0 : Number(rows[0].bytes)
  }

  /** Deletes the runs of a tenant that ended before a time. @returns how many there were */
  async deleteFinished(tenantId: string, before: Date): Promise<number> {
    let deleted = 0
    for (let some: number | null = 1; some !== 0; deleted += some ?? 0) {
      const result = await this.database.pool.query(
        `DELETE FROM run WHERE id IN (SELECT id FROM run WHERE "tenantId" = $1 AND "finishedAt" < $2 LIMIT 500)`,
        [tenantId, before],
      )
      some = result.rowCount
    }
    return deleted
  }

  /** Forgets what has expired, some at a time. */
  async expire(): Promise<void> {
    for (let gone: number | null = 1; gone !== 0; ) {
      const result = await this.database.pool.query(
        `DELETE FROM run WHERE id IN (SELECT id FROM run WHERE "expiresAt" < now() AT TIME ZONE 'UTC' LIMIT 500)`,
      )
      gone = result.rowCount
    }
  }

  /** What a run has used, in its tenant's hour. */
  async meter(row: RunRow, result: RuntimeRunResult): Promise<void> {
    const all = [...result.steps, ...result.cases]
    const cpuSeconds = all.reduce((sum, one) => sum + one.cpuUs, 0) / 1e6
    const seconds = row.startedAt === null ? 0 : (Date.now() - row.startedAt.getTime()) / 1000
    const peak = Math.max(0, ...all.map((one) => one.memoryPeakBytes))
    await this.database.relaxed.query(
      `INSERT INTO usage_hour ("tenantId", hour, "sandboxSeconds", "cpuSeconds", "memoryPeakBytes")
       VALUES ($1, date_trunc('hour', now() AT TIME ZONE 'UTC'), $2, $3, $4)
       ON CONFLICT ("tenantId", hour) DO UPDATE SET
         "sandboxSeconds" = usage_hour."sandboxSeconds" + excluded."sandboxSeconds",
         "cpuSeconds" = usage_hour."cpuSeconds" + excluded."cpuSeconds",
         "memoryPeakBytes" = greatest(usage_hour."memoryPeakBytes", excluded."memoryPeakBytes")`,
      [row.tenantId, seconds, cpuSeconds, peak],
    )
  }
}
