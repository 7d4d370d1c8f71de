import { z } from 'zod'
import { type Database, inTransaction } from '../database/client.js'
import type { ServerNode } from '../nodes/node.js'

const utc = "now() AT TIME ZONE 'UTC'"
/** Blobs that are read at once. */
const batch = 100
/** What is left after so long is deleted by the next pass. */
const passMs = 5000

/**
 * Forgets blobs that no manifest names (a day after they came: they come before their manifest) and those that never came to be. It looks at
 * all old blobs, and is for long intervals.
 */
export async function forgetBlobs({ pool }: Database, node: Pick<ServerNode, 'id'>): Promise<void> {
  await pool.query(
    // What a manifest that is being put has locked is in use; waiting for it could be waiting for each other.
    `DELETE FROM registry_blob AS gone USING (
       SELECT "tenantId", repository, digest FROM registry_blob AS b WHERE "nodeId" = $1 AND (
         (NOT ready AND "createdAt" < ${utc} - interval '1 hour')
         OR ("createdAt" < ${utc} - interval '1 day' AND NOT EXISTS (
           SELECT FROM registry_manifest AS m
           WHERE m."tenantId" = b."tenantId" AND m.repository = b.repository AND m.refs @> ARRAY[b.digest])))
       FOR UPDATE SKIP LOCKED) AS old
     WHERE (gone."tenantId", gone.repository, gone.digest) = (old."tenantId", old.repository, old.digest)`,
    [node.id],
  )
}

/** Ends uploads that nobody continues, and deletes blobs on a node whose rows were deleted. */
export async function reconcileBlobs(database: Database, node: ServerNode): Promise<void> {
  if (node.pairing.status.state !== 'paired') return
  const { pool } = database
  await pool.query(
    `DELETE FROM registry_upload WHERE "nodeId" = $1 AND "touchedAt" < ${utc} - interval '2 hours'`,
    [node.id],
  )
  for (const until = Date.now() + passMs; ; ) {
    const { rows } = await pool.query(
      'SELECT "tenantId", digest FROM deleted_blob WHERE "nodeId" = $1 LIMIT $2',
      [...[node.id, batch]],
    )
    for (const one of deletedRows.parse(rows)) {
      await remove(database, node, one)
      if (Date.now() > until) return
    }
    if (rows.length < batch) return
  }
}

const deletedRows = z.array(z.object({ tenantId: z.string(), digest: z.string() }))

function remove(
  { pool }: Database,
  node: ServerNode,
  { tenantId, digest }: z.infer<typeof deletedRows>[number],
) {
  return inTransaction(pool, async (client) => {
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 0))', [tenantId, digest])
    // The lock: a row that is being deleted is waited for, and one that is deleted next is remembered after this has forgotten it.
    const kept = await client.query(
      'SELECT FROM registry_blob WHERE "tenantId" = $1 AND digest = $2 AND "nodeId" = $3 LIMIT 1 FOR KEY SHARE',
      [tenantId, digest, node.id],
    )
    if (kept.rowCount === 0) await node.runtime.ask('DELETE', `/content/${tenantId}/${digest}`, z.unknown())
    await client.query('DELETE FROM deleted_blob WHERE "tenantId" = $1 AND digest = $2 AND "nodeId" = $3', [
      ...[tenantId, digest, node.id],
    ])
  })
}
