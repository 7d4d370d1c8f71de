import { LRUCache } from 'lru-cache'
import pg from 'pg'
import { type Limits, type Quota, type QuotaUsed, quota, quotaUsed } from '../../protocol/api/index.js'
import { asManyAsLimit, type Limited, onlyOf } from '../auth/key-limits.js'
import { ApiError, notFound, quotaExceeded } from '../errors.js'
import { studentShortage } from '../tenants/student-quota.js'
import type { Row } from './ownership.js'

/** What a quota is about: each of these is summed over a tenant's sandboxes, in the database's `held_by`. */
const counted = ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const

/**
 * What a transaction begins with that makes room in a tenant's quota: the tenant's row is locked until it ends, so of
 * two requests for the last place the second sees the first. `quotaUsage` reads the answers.
 *
 * @param sandboxId the sandbox itself, which is there already and only changes
 */
export function admission(tenantId: string, sandboxId: string): string[] {
  const [tenant, besides] = [pg.escapeLiteral(tenantId), pg.escapeLiteral(sandboxId)]
  return [
    `SELECT FROM tenant WHERE id = ${tenant} FOR UPDATE`,
    `SELECT quota, paused, held.* FROM tenant, held_by(${tenant}, ${besides}) AS held WHERE tenant.id = ${tenant}`,
  ]
}

/**
 * The same for a sandbox that is new, and its row with it: there is none afterwards when `quotaUsage` or `admit` refuse.
 *
 * @param row that of the table, by its columns' names
 * @param entry of the audit log, which goes with the row
 * @returns what `quotaUsage` reads
 */
export async function insert(pool: pg.Pool, row: object, entry: object): Promise<pg.QueryResult[]> {
  return [
    await pool.query({
      ...{ name: 'admit-sandbox', text: 'SELECT * FROM admit_sandbox($1, $2)' },
      values: [JSON.stringify(row), JSON.stringify(entry)],
    }),
  ]
}

/** Of the migration that makes names unique among a tenant's sandboxes that are not deleted. */
const nameIndex = 'sandbox_tenantId_name_key'

/**
 * What to say of an error while a sandbox is inserted or renamed: a name that is taken is a refusal that names the
 * other sandbox, everything else stays what it is.
 *
 * @param who asks for it
 */
export async function nameTaken(
  error: unknown,
  pool: pg.Pool,
  { tenantId, ownerId, name }: Pick<Row, 'tenantId' | 'ownerId' | 'name'>,
  who: Limited,
): Promise<unknown> {
  if (!(error instanceof pg.DatabaseError)) return error
  if (error.code === 'CL003') return notFound('volume')
  if (error.code === 'CL004') return studentShortage(error.detail)
  if (error.code === 'CL005') return asManyAsLimit(error.detail)
  // This server hung: another one has given the creation up, or has gone on with it.
  if (error.code === 'CL002' || (error.code === '23505' && error.constraint === 'sandbox_pkey')) {
    return new ApiError('conflict', 'the creation took too long and is not this one any more; try again', 1)
  }
  if (error.code !== '23505' || error.constraint !== nameIndex) return error
  const { rows } = await pool.query(
    'SELECT id, "keyId" FROM sandbox WHERE "tenantId" = $1 AND "ownerId" = $2 AND name = $3 AND "deletedAt" IS NULL',
    [tenantId, ownerId, name],
  )
  // A key for which only its own exist is told that the name is taken, and not by what.
  const key = onlyOf(who)
  const id: unknown = key === undefined || rows[0]?.keyId === key ? rows[0]?.id : undefined
  const which = typeof id === 'string' ? ` (${id})` : ''
  return new ApiError(
    'conflict',
    `a sandbox named ${name} exists already${which}; choose another name`,
    undefined,
    typeof id === 'string' ? id : undefined,
  )
}

/** How a tenant stands: what it may hold, and what it holds. */
export interface QuotaUsage {
  readonly quota: Quota
  readonly held: QuotaUsed
}

/**
 * @param answers to `admission` or `insert`, of which the last tells it
 * @throws ApiError `conflict` while the tenant is paused
 */
export function quotaUsage(answers: readonly pg.QueryResult[]): QuotaUsage {
  const row = answers.at(-1)?.rows[0]
  if (row === undefined) throw notFound('tenant')
  if (row.paused === true)
    throw new ApiError('conflict', 'an operator has paused this tenant; contact your operator')
  return { quota: quota.parse(row.quota), held: quotaUsed.parse(row) }
}

/**
 * @param limits what the sandbox will hold; `awake` false: its place and disk alone
 * @returns the quota
 * @throws ApiError `quota_exceeded` that names what is short
 */
export function admit({ quota, held }: QuotaUsage, limits: Limits, { awake = true } = {}): Quota {
  const { diskMiB } = limits
  const wanted = awake
    ? { ...limits, sandboxes: 1 }
    : { diskMiB, sandboxes: 1, cpus: 0, memoryMiB: 0, pids: 0 }
  for (const part of counted) {
    if (held[part] + wanted[part] > quota[part]) {
      throw quotaExceeded(part, wanted[part], Math.max(0, quota[part] - held[part]))
    }
  }
  return quota
}

/** Tenants that are remembered. */
const maxKnown = 10_000

/**
 * How tenants stood when they were last seen. Who had room will have it still, nearly always, so a sandbox can be
 * made while the database is asked. Its answer decides: what was made in vain is taken away again, and the tenant
 * is not trusted until it was seen anew, so that nobody has the pool emptied for nothing.
 */
export class LastSeen {
  readonly #tenants = new LRUCache<string, QuotaUsage>({ max: maxKnown })

  /** @returns the tenant's quota, of which `limits` are taken as held from now on; undefined: ask first */
  presume(tenantId: string, limits: Limits): Quota | undefined {
    const seen = this.#tenants.get(tenantId)
    if (seen === undefined) return undefined
    try {
      admit(seen, limits)
    } catch {
      return undefined // by now there may be room; the database knows
    }
    this.saw(tenantId, seen, limits)
    return seen.quota
  }

  /** @param admitted what it holds in addition */
  saw(tenantId: string, { quota, held }: QuotaUsage, admitted: Limits): void {
    const sum = { ...held, sandboxes: held.sandboxes + 1 }
    for (const part of ['cpus', 'memoryMiB', 'diskMiB', 'pids'] as const) sum[part] += admitted[part]
    this.#tenants.set(tenantId, { quota, held: sum })
  }

  forget(tenantId: string): void {
    this.#tenants.delete(tenantId)
  }

  clear(): void {
    this.#tenants.clear()
  }
}
