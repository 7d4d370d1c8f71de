import pg from 'pg'
import { type Limits, type Quota, type QuotaUsed, quota, quotaUsed } from '../../protocol/index.js'
import { ApiError, notFound, quotaExceeded } from '../errors.js'

/** What a quota is about: each of these is summed over a tenant's sandboxes. */
const counted = ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const

/** A sandbox that is stopped or failed holds its place and its disk, and nothing else. */
const used = (tenantId: string, except: string) => `
  SELECT count(*)::int AS sandboxes,
    coalesce(sum((limits->>'diskMiB')::float8), 0) AS "diskMiB",
    coalesce(sum((limits->>'cpus')::float8) FILTER (WHERE awake), 0) AS cpus,
    coalesce(sum((limits->>'memoryMiB')::float8) FILTER (WHERE awake), 0) AS "memoryMiB",
    coalesce(sum((limits->>'pids')::float8) FILTER (WHERE awake), 0) AS pids
  FROM (
    SELECT limits, state IN ('creating', 'running', 'paused') AS awake
    FROM sandbox
    WHERE "tenantId" = ${pg.escapeLiteral(tenantId)} AND "deletedAt" IS NULL AND id <> ${pg.escapeLiteral(except)}
  ) AS live`

export async function usedBy(pool: pg.Pool, tenantId: string): Promise<QuotaUsed> {
  const { rows } = await pool.query(used(tenantId, ''))
  return quotaUsed.parse(rows[0])
}

/**
 * What a transaction begins with that makes room in a tenant's quota, for `admit` to judge: the tenant's row is locked
 * until it ends, so of two requests for the last place the second sees the first.
 *
 * @param except the sandbox itself, when it is there already and only changes
 */
export const admission = (tenantId: string, except = ''): string[] => [
  `SELECT quota, paused FROM tenant WHERE id = ${pg.escapeLiteral(tenantId)} FOR UPDATE`,
  used(tenantId, except),
]

/**
 * @param answers to `admission`
 * @param limits what the sandbox will hold; `awake` false: its place and disk alone
 * @throws ApiError `quota_exceeded` that names what is short, `conflict` while the tenant is paused
 */
export function admit(answers: readonly pg.QueryResult[], limits: Limits, { awake = true } = {}): Quota {
  const [tenant, sum] = answers
  const row = tenant?.rows[0]
  if (row === undefined) throw notFound('tenant')
  if (row.paused === true) throw new ApiError('conflict', 'the tenant is paused by an operator')
  const have = quota.parse(row.quota)
  const held = quotaUsed.parse(sum?.rows[0])
  const { diskMiB } = limits
  const wanted = awake
    ? { ...limits, sandboxes: 1 }
    : { diskMiB, sandboxes: 1, cpus: 0, memoryMiB: 0, pids: 0 }
  for (const part of counted) {
    if (held[part] + wanted[part] > have[part]) {
      throw quotaExceeded(part, wanted[part], Math.max(0, have[part] - held[part]))
    }
  }
  return have
}
