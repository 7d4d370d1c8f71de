import { z } from 'zod'
import { type Quota, quota, type RunState, type StepStatus } from '../../protocol/api/index.js'
import type { RuntimeRunResult } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import { type RunRow, rowsOf, runColumns } from './rows.js'

/** A lease that is not renewed for so long is over, by the database's clock. Its holder died, hangs or has no database. */
export const leaseSeconds = 10
const utc = `now() AT TIME ZONE 'UTC'`
const leaseEnd = `${utc} + interval '${leaseSeconds} seconds'`

/** A run that this server performs from now on. */
export interface Taken {
  readonly row: RunRow
  readonly request: string
  readonly quota: Quota
}

/** Which attempt of a run somebody performs. */
export interface Lease {
  readonly id: string
  readonly lease: number
}

/** A run that has ended now, and whether others wait. */
export interface Ended {
  readonly row: RunRow
  readonly more: boolean
}

/** The columns of what `take_run` answers. */
const taken = runColumns.replaceAll(/"(\w+)"/g, '(one.taken)."$1"')

/**
 * The statements that perform runs. Every change of state names the state and the lease that it changes, so that none
 * happens twice and none is undone by a server that has lost the run without knowing it.
 */
export class RunLeases {
  constructor(
    private readonly database: Database,
    private readonly parts: {
      /** Id of this server. */
      readonly server: string
      /** Runs of a tenant at once, over all servers, where its quota says nothing. */
      readonly running: number
      readonly retentionHours: number
    },
  ) {}

  /**
   * Takes the next run and leases it: of the tenant with the fewest under way, and among equals of the one that was
   * served longest ago, the oldest that may begin; of students each has their turn. The tenant's counters are locked, so its
   * bound and that of each student hold over all servers.
   */
  async take(): Promise<Taken | undefined> {
    const result = await this.database.relaxed.query({
      name: 'take-run',
      text: `SELECT ${taken}, (one.taken).request, one.quota FROM take_run($1, $2, $3) AS one`,
      values: [this.parts.server, this.parts.running, leaseSeconds],
    })
    const [row] = rowsOf(result)
    if (row === undefined) return undefined
    return { row, request: String(result.rows[0].request), quota: quota.parse(result.rows[0].quota) }
  }

  /** Moves leases on. @returns which of them still hold; the others were canceled, or given to somebody else */
  async renew(held: readonly Lease[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.database.relaxed.query({
      name: 'renew-runs',
      text: `UPDATE run SET "leaseUntil" = ${leaseEnd} FROM unnest($1::TEXT[], $2::INTEGER[]) AS held(id, lease)
             WHERE run.id = held.id AND run.lease = held.lease AND run.state = 'running' RETURNING run.id`,
      values: [held.map(({ id }) => id), held.map(({ lease }) => lease)],
    })
    return new Set(rows.map((row) => String(row.id)))
  }

  /**
   * Puts runs whose lease is over back into the queue.
   * @param besides those that this server performs: it has merely been slow to say so
   * @returns those that were begun too often, which somebody has to end
   */
  async takeBack(besides: readonly string[], attemptsMax: number): Promise<Lease[]> {
    const over = `state = 'running' AND ("leaseUntil" IS NULL OR "leaseUntil" < ${utc}) AND id <> ALL ($1::TEXT[])`
    await this.database.relaxed.query(
      `UPDATE run SET state = 'queued', "leasedBy" = NULL, "leaseUntil" = NULL
       WHERE id IN (SELECT id FROM run WHERE ${over} AND attempt < $2 ORDER BY "createdAt" LIMIT 100 FOR UPDATE SKIP LOCKED)`,
      [besides, attemptsMax],
    )
    const { rows } = await this.database.pool.query(
      `SELECT id, lease FROM run WHERE ${over} AND attempt >= $2 LIMIT 100`,
      [besides, attemptsMax],
    )
    return z.array(z.object({ id: z.string(), lease: z.number() })).parse(rows)
  }

  /** @returns undefined when the lease is not held any more: it was canceled, or somebody else performs it */
  async finish(held: Lease, result: RuntimeRunResult): Promise<Ended | undefined> {
    const passed = result.cases.filter((one) => one.status === 'ok').length
    return this.#end(held, 'finished', result.status, {
      ...{ result: JSON.stringify(result), passed: result.cases.length > 0 ? passed : null },
    })
  }

  /** @returns undefined when it had ended already */
  async cancel(id: string): Promise<RunRow | undefined> {
    return (await this.#end({ id, lease: null }, 'canceled', null, { result: null, passed: null }))?.row
  }

  /** @param held lease that must hold; null for a run that has not ended, queued or not */
  async #end(
    held: { readonly id: string; readonly lease: number | null },
    state: RunState,
    status: StepStatus | null,
    outcome: { result: string | null; passed: number | null },
  ): Promise<Ended | undefined> {
    const result = await this.database.relaxed.query({
      name: 'end-run',
      text: `UPDATE run SET state = $2, status = $3, result = $4, "casesPassed" = $5, "leasedBy" = NULL, "leaseUntil" = NULL,
         "finishedAt" = ${utc}, "expiresAt" = ${utc} + $6::FLOAT8 * interval '1 hour',
         "callbackAt" = CASE WHEN "callbackUrl" IS NULL THEN NULL ELSE ${utc} END
       WHERE id = $1 AND (state = 'running' AND lease = $7 OR $7 IS NULL AND state IN ('queued', 'running'))
       RETURNING ${runColumns}, EXISTS (SELECT FROM run_usage WHERE queued > 0) AS more,
         pg_notify('cloche', json_build_object('type', 'run', 'id', id, 'ended', true)::TEXT)`,
      values: [held.id, state, status, outcome.result, outcome.passed, this.parts.retentionHours, held.lease],
    })
    const [row] = rowsOf(result)
    return row === undefined ? undefined : { row, more: result.rows[0].more === true }
  }

  /**
   * Back to the queue, for a run that a failure of ours stopped.
   * @param counted false when nothing of it was begun
   * @returns whether the lease still held
   */
  async requeue({ id, lease }: Lease, counted: boolean, pauseMs: number): Promise<boolean> {
    const { rowCount } = await this.database.relaxed.query(
      `UPDATE run SET state = 'queued', attempt = attempt - $3, "leasedBy" = NULL, "leaseUntil" = NULL,
         "notBefore" = ${utc} + $4::FLOAT8 * interval '1 ms'
       WHERE id = $1 AND state = 'running' AND lease = $2`,
      [id, lease, counted ? 0 : 1, pauseMs],
    )
    return rowCount === 1
  }
}
