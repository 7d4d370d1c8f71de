import pg from 'pg'
import { z } from 'zod'
import type { KeyLimits } from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import { asManyAsLimit, limitsOf } from '../auth/key-limits.js'
import type { Database } from '../database/client.js'
import type { ApiError } from '../errors.js'
import { leaseSeconds } from './leases.js'
import { type RunRow, rowsOf, runColumns, runRow, summaryColumns } from './rows.js'

/** What a request becomes a row with. */
export interface NewRun {
  readonly id: string
  readonly tenantId: string
  readonly language: string | null
  readonly template: string
  readonly request: string
  readonly metadata: Record<string, string>
  readonly casesTotal: number | null
  readonly idempotencyKey: string | null
  readonly requestHash: string
  readonly createdBy: string
  readonly ownerId: string
  readonly callbackUrl: string | null
  /** The API key that asks for it. */
  readonly keyId: string | null
}

const admission = z.object({
  /** Why there is no row: the tenant, its storage or its queue, what one student may have, or the idempotency key is taken. */
  refused: z.enum(['tenant', 'paused', 'storage', 'queue', 'key', 'own_storage', 'own_queue']).nullable(),
  state: z.enum(['queued', 'running']).nullable(),
  createdAt: z.date().nullable(),
  startedAt: z.date().nullable(),
})
export type Refused = NonNullable<z.infer<typeof admission>['refused']> | AsManyAsLimit

/** Of the API key as many are under way as its limits allow. */
export class AsManyAsLimit {
  constructor(readonly refusal: ApiError) {}
}

/** Bounds of a tenant's runs where its quota says nothing, and of its queue. */
export interface RunBounds {
  /** At once, over all servers. */
  readonly running: number
  /** Waiting for their turn. */
  readonly queued: number
  /** In the database, with their results. */
  readonly storageMiB: number
}

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

/** Whose runs: all of a tenant, or those of one student, or those that one API key has asked for. */
interface Whose {
  readonly tenantId: string
  readonly owners?: readonly string[] | undefined
  readonly keyId?: string | undefined
}

const ofOwner = (parameter: string, key: string) =>
  `(${parameter}::text[] IS NULL OR "ownerId" = ANY(${parameter})) AND (${key}::text IS NULL OR "keyId" = ${key})`

/** The statements about runs as people ask for them and see them; those that perform them are in `leases.ts`. */
export class RunStore {
  constructor(
    private readonly database: Database,
    /** Id of this server, which its leases carry. */
    private readonly server: string,
    private readonly bounds: RunBounds,
  ) {}

  /**
   * On the disk when this returns.
   * @param seated whether this server has a place for it: then it may be leased at once
   */
  async insert(run: NewRun, seated: boolean): Promise<RunRow | Refused> {
    const admitted = this.database.pool.query({
      name: 'admit-run',
      text: `SELECT * FROM admit_run(${Array.from({ length: 18 }, (_, at) => `$${at + 1}`).join(', ')})`,
      values: [
        ...[run.id, run.tenantId, run.language, run.template, run.request, run.metadata, run.casesTotal],
        ...[run.idempotencyKey, run.requestHash, run.createdBy, run.callbackUrl],
        ...[seated ? this.server : null, leaseSeconds],
        ...[this.bounds.running, this.bounds.storageMiB, this.bounds.queued, run.ownerId, run.keyId],
      ],
    })
    const answer = await admitted.catch((error: unknown) => {
      if (error instanceof pg.DatabaseError && error.code === 'CL005') {
        return new AsManyAsLimit(asManyAsLimit(error.detail))
      }
      throw error
    })
    if (answer instanceof AsManyAsLimit) return answer
    const { refused, state, createdAt, startedAt } = admission.parse(answer.rows[0])
    if (refused !== null) return refused
    const begun = state === 'running' ? 1 : 0
    return runRow.parse({
      ...run,
      ...{ state, createdAt, startedAt, attempt: begun, lease: begun },
      ...{ status: null, result: null, casesPassed: null, finishedAt: null, expiresAt: null },
      nodeId: null,
    })
  }

  async byKey(tenantId: string, key: string): Promise<{ row: RunRow; requestHash: string } | undefined> {
    const result = await this.database.pool.query(
      `SELECT ${runColumns}, "requestHash" FROM run WHERE "tenantId" = $1 AND "idempotencyKey" = $2`,
      [tenantId, key],
    )
    const [row] = rowsOf(result)
    return row === undefined ? undefined : { row, requestHash: String(result.rows[0].requestHash) }
  }

  /** Whosever it is. */
  async find(id: string): Promise<RunRow | undefined> {
    const text = `SELECT ${runColumns} FROM run WHERE id = $1`
    return rowsOf(await this.database.pool.query({ name: 'find-run', text, values: [id] }))[0]
  }

  async get({ tenantId, owners, keyId }: Whose, id: string): Promise<RunRow | undefined> {
    const text = `SELECT ${runColumns} FROM run WHERE id = $1 AND "tenantId" = $2 AND ${ofOwner('$3', '$4')}`
    const values = [id, tenantId, owners ?? null, keyId ?? null]
    return rowsOf(await this.database.pool.query({ name: 'get-run', text, values }))[0]
  }

  async request(id: string): Promise<string> {
    const { rows } = await this.database.pool.query('SELECT request FROM run WHERE id = $1', [id])
    return z.string().parse(rows[0]?.request)
  }

  /** What bounds the API key that has asked for it; null when nothing does. */
  async limitsOf(id: string): Promise<KeyLimits | null> {
    const { rows } = await this.database.pool.query<{ limits: unknown }>(
      'SELECT limits FROM api_key JOIN run ON run."keyId" = api_key.id WHERE run.id = $1',
      [id],
    )
    return limitsOf(rows[0]?.limits ?? null)
  }

  /** Newest first. */
  async list({ tenantId, owners, keyId }: Whose, query: RunQuery): Promise<RunRow[]> {
    const { limit, cursor, state, status, language, search } = query
    const pattern = search === undefined ? null : `%${search.replace(/[\\%_]/g, '\\$&')}%`
    const result = await this.database.pool.query(
      `SELECT ${summaryColumns} FROM run WHERE "tenantId" = $1 AND ${ofOwner('$8', '$9')}
         AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR language = $3) AND ($7::text IS NULL OR status = $7)
         AND ($4::text IS NULL OR id ILIKE $4 OR language ILIKE $4 OR status ILIKE $4 OR metadata::text ILIKE $4)
         AND ($5::text IS NULL OR ("createdAt", id) < (SELECT "createdAt", id FROM run WHERE id = $5 AND "tenantId" = $1))
       ORDER BY "createdAt" DESC, id DESC LIMIT $6`,
      [
        tenantId,
        state ?? null,
        language ?? null,
        pattern,
        cursor ?? null,
        limit,
        status ?? null,
        owners ?? null,
        keyId ?? null,
      ],
    )
    return rowsOf(result)
  }

  /** Bytes that the runs of a tenant take in the database. */
  async storedBytes(tenantId: string): Promise<number> {
    const { rows } = await this.database.pool.query('SELECT bytes FROM run_usage WHERE "tenantId" = $1', [
      tenantId,
    ])
    return rows[0] === undefined ? 0 : Number(rows[0].bytes)
  }

  /** Deletes the runs of a tenant that ended before a time. @returns how many there were */
  async deleteFinished({ tenantId, owners, keyId }: Whose, before: Date): Promise<number> {
    let deleted = 0
    for (let some: number | null = 1; some !== 0; deleted += some ?? 0) {
      const result = await this.database.pool.query(
        `DELETE FROM run WHERE id IN (SELECT id FROM run WHERE "tenantId" = $1 AND "finishedAt" < $2
           AND ${ofOwner('$3', '$4')} LIMIT 500)`,
        [tenantId, before, owners ?? null, keyId ?? null],
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
    await this.database.pool.query(
      `DELETE FROM run_event USING run WHERE run.id = "runId" AND "finishedAt" < now() AT TIME ZONE 'UTC' - interval '2 minutes'`,
    )
  }

  /** What a run has used, in its tenant's hour. */
  async meter(
    row: Pick<RunRow, 'tenantId' | 'startedAt' | 'finishedAt'>,
    result: RuntimeRunResult,
  ): Promise<void> {
    const programs = [...result.steps, ...result.cases]
    const all = [...programs, ...programs.flatMap(({ judge }) => judge ?? [])]
    const cpuSeconds = all.reduce((sum, one) => sum + one.cpuUs, 0) / 1e6
    const { startedAt, finishedAt } = row
    const seconds =
      startedAt === null || finishedAt === null ? 0 : (finishedAt.getTime() - startedAt.getTime()) / 1000
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
