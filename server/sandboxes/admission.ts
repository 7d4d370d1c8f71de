import type pg from 'pg'
import { type Limits, type Quota, type QuotaUsed, quota, quotaUsed } from '../../protocol/index.js'
import { ApiError, notFound, quotaExceeded } from '../errors.js'

/** What a quota is about: each of these is summed over a tenant's sandboxes. */
const counted = ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const

/** A sandbox that is stopped or failed holds its place and its disk, and nothing else. */
const used = `
  SELECT count(*)::int AS sandboxes,
    coalesce(sum((limits->>'diskMiB')::float8), 0) AS "diskMiB",
    coalesce(sum((limits->>'cpus')::float8) FILTER (WHERE awake), 0) AS cpus,
    coalesce(sum((limits->>'memoryMiB')::float8) FILTER (WHERE awake), 0) AS "memoryMiB",
    coalesce(sum((limits->>'pids')::float8) FILTER (WHERE awake), 0) AS pids
  FROM (
    SELECT limits, state IN ('creating', 'running', 'paused') AS awake
    FROM sandbox WHERE "tenantId" = $1 AND "deletedAt" IS NULL AND id <> $2
  ) AS live`

export async function usedBy(
  client: Pick<pg.Pool, 'query'>,
  tenantId: string,
  except = '',
): Promise<QuotaUsed> {
  const { rows } = await client.query({ name: 'used', text: used, values: [tenantId, except] })
  return quotaUsed.parse(rows[0])
}

/**
 * Makes room in a tenant's quota for one sandbox, inside the caller's transaction: the tenant's row is locked
 * until it ends, so of two requests for the last place the second sees the first.
 *
 * @param except the sandbox itself, when it is there already and only changes
 * @param limits what it will hold; `awake` false: its place and disk alone
 * @throws ApiError `quota_exceeded` that names what is short, `conflict` while the tenant is paused
 */
export async function admit(
  client: pg.PoolClient,
  tenantId: string,
  limits: Limits,
  { except = '', awake = true } = {},
): Promise<Quota> {
  const { rows } = await client.query({
    name: 'lock-tenant',
    text: 'SELECT quota, paused FROM tenant WHERE id = $1 FOR UPDATE',
    values: [tenantId],
  })
  if (rows[0] === undefined) throw notFound('tenant')
  if (rows[0].paused === true) throw new ApiError('conflict', 'the tenant is paused by an operator')
  const have = quota.parse(rows[0].quota)
  const held = await usedBy(client, tenantId, except)
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
