import type pg from 'pg'
import { inTransaction } from '../database/client.js'
import { admission, quotaUsage } from '../sandboxes/admission.js'
import { RegistryError } from './error.js'

/** Of one tenant, each counted in every repository that has it. */
const maxBlobs = 50_000

/** An upload of a blob, as far as it has come. */
export interface Upload {
  readonly id: string
  readonly repository: string
  readonly nodeId: string
  /** What was counted last. */
  readonly sizeBytes?: bigint
}

/**
 * Counts a blob in place of its upload: there may have been several uploads, each of which had the whole rest of the quota.
 * @throws RegistryError `BLOB_UPLOAD_UNKNOWN`, `DENIED`
 */
export function countBlob(
  pool: pg.Pool,
  tenantId: string,
  { id, repository, nodeId }: Upload,
  { digest, sizeBytes }: { digest: string; sizeBytes: number },
): Promise<void> {
  return inTransaction(pool, async (client) => {
    // In this order, so that the tenant's other calls do not wait for the node.
    await client.query(lockDigest, [tenantId, digest])
    await client.query(lockTenant(tenantId))
    const { rowCount } = await client.query('UPDATE registry_upload SET "sizeBytes" = 0 WHERE id = $1', [id])
    if (rowCount !== 1) throw noUpload()
    // Of one that is not ready nobody knows the size: another upload may be about to make it so.
    await client.query(
      `INSERT INTO registry_blob AS b ("tenantId", repository, digest, "nodeId", "sizeBytes") VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT ("tenantId", repository, digest) DO UPDATE SET "createdAt" = now() AT TIME ZONE 'UTC',
         "sizeBytes" = CASE WHEN b.ready THEN b."sizeBytes" ELSE greatest(b."sizeBytes", excluded."sizeBytes") END`,
      [tenantId, repository, digest, nodeId, sizeBytes],
    )
    await assertRoom(client, tenantId)
    if (await isOver(client, tenantId)) throw diskUsedUp()
  })
}

/**
 * Writes down how many bytes of an upload have come, and forgets the upload when they are more than the quota has.
 * @returns why it is over, if it is
 */
export function countUpload(
  pool: pg.Pool,
  tenantId: string,
  id: string,
  sizeBytes: number,
): Promise<RegistryError | undefined> {
  return inTransaction(pool, async (client) => {
    await client.query(lockTenant(tenantId))
    const { rowCount } = await client.query(
      `UPDATE registry_upload SET "touchedAt" = now() AT TIME ZONE 'UTC', "sizeBytes" = $2 WHERE id = $1`,
      [id, sizeBytes],
    )
    if (rowCount !== 1) return noUpload()
    if (!(await isOver(client, tenantId))) return undefined
    await client.query('DELETE FROM registry_upload WHERE id = $1', [id])
    return diskUsedUp()
  })
}

export const noUpload = () => new RegistryError('BLOB_UPLOAD_UNKNOWN', 'there is no such upload')
export const diskUsedUp = () => new RegistryError('DENIED', 'the quota of disk is used up; delete something')
/** While `reconcile.ts` removes a blob with this digest, this waits. */
export const lockDigest = 'SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 0))'
const lockTenant = (tenantId: string) => admission(tenantId, '')[0] ?? ''

/** Whether a tenant holds more disk than its quota has, with what this transaction has written. */
async function isOver(client: pg.PoolClient, tenantId: string): Promise<boolean> {
  const [, usage] = admission(tenantId, '')
  const { quota, held } = quotaUsage([await client.query(usage ?? '')])
  return held.diskMiB > quota.diskMiB
}

/** @throws RegistryError `DENIED` after one blob too many */
export async function assertRoom(client: pg.PoolClient, tenantId: string): Promise<void> {
  const { rows } = await client.query<{ count: number }>(
    'SELECT count(*)::INTEGER AS count FROM registry_blob WHERE "tenantId" = $1',
    [tenantId],
  )
  if ((rows[0]?.count ?? 0) <= maxBlobs) return
  throw new RegistryError('DENIED', `a tenant has at most ${maxBlobs} blobs in its repositories; delete some`)
}
