import pg from 'pg'
import { z } from 'zod'
import type { Volume as Row } from '../../prisma/generated/client.js'
import type { ChangeVolume, Volume, VolumeSnapshot } from '../../protocol/api/index.js'
import type { NodeVolume } from '../../protocol/node/index.js'
import { belongsTo } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound, quotaExceeded } from '../errors.js'
import { admission, quotaUsage } from '../sandboxes/admission.js'

/** Of one tenant, snapshots of volumes among them: each costs every commit of the node's disk a little. */
export const maxVolumes = 200
const mib = 1024 ** 2

/** A volume as people see it. @param there undefined while its node does not answer */
export function present(row: Row, there: NodeVolume | undefined, usedBy: Volume['usedBy']): Volume {
  const { id, name, sizeMiB, createdBy } = row
  return {
    ...{ id, name, sizeMiB, usedBy, createdBy, createdAt: row.createdAt.toISOString() },
    ...{ usedBytes: there?.usedBytes ?? null, exclusiveBytes: there?.exclusiveBytes ?? null },
  }
}

export function presentSnapshot(row: Row, there: NodeVolume | undefined): VolumeSnapshot {
  const { id, name, createdBy } = row
  return {
    ...{ id, name, volumeId: row.ofId ?? '', volumeName: row.ofName ?? '', createdBy },
    sizeBytes: there?.usedBytes ?? row.sizeMiB * mib,
    exclusiveBytes: there?.exclusiveBytes ?? null,
    createdAt: row.createdAt.toISOString(),
  }
}

/**
 * The row of a volume that is about to be made.
 * @throws ApiError `quota_exceeded`; `conflict` when its name is taken, or there are too many
 */
export async function reserve(
  database: Database,
  who: Principal,
  row: Pick<Row, 'id' | 'name' | 'nodeId' | 'sizeMiB' | 'ofId' | 'ofName'>,
): Promise<void> {
  const { id, name, nodeId, sizeMiB, ofId, ofName } = row
  const { tenantId } = who
  await inTransaction(
    database.pool,
    async (client, answers) => {
      assertRoom(answers, sizeMiB)
      const { rows } = await client.query(
        'SELECT count(*)::INTEGER AS count FROM volume WHERE "tenantId" = $1',
        [tenantId],
      )
      if (Number(rows[0]?.count) >= maxVolumes) {
        throw new ApiError('conflict', `a tenant has at most ${maxVolumes} volumes and snapshots of volumes`)
      }
      if (ofId === null) await assertFree(client, tenantId, name)
      await client.query(
        `INSERT INTO volume (id, "tenantId", name, "ofId", "ofName", "nodeId", "sizeMiB", "createdBy")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [id, tenantId, name, ofId, ofName, nodeId, sizeMiB, who.actor],
      )
    },
    admission(tenantId, ''),
  )
}

/**
 * Gives it what `wanted` names, under a lock of its tenant: two changes at once both hold.
 *
 * @param resize tells its node, which may refuse; then nothing has changed. Should the commit fail after it, `reconcile.ts` sets
 * it back.
 * @returns how it was before
 * @throws ApiError `quota_exceeded`; `conflict` when the name is taken
 */
export async function change(
  database: Database,
  { id, tenantId }: Row,
  wanted: ChangeVolume,
  resize: (sizeMiB: number) => Promise<unknown>,
): Promise<Pick<Row, 'name' | 'sizeMiB'>> {
  return inTransaction(
    database.pool,
    async (client, answers) => {
      const { rows } = await client.query<Pick<Row, 'name' | 'sizeMiB'>>(
        'SELECT name, "sizeMiB" FROM volume WHERE id = $1 FOR UPDATE',
        [id],
      )
      const [before] = rows
      if (before === undefined) throw notFound('volume')
      const { name = before.name, sizeMiB = before.sizeMiB } = wanted
      if (sizeMiB > before.sizeMiB) assertRoom(answers, sizeMiB - before.sizeMiB)
      if (name !== before.name) await assertFree(client, tenantId, name)
      await client.query('UPDATE volume SET name = $2, "sizeMiB" = $3 WHERE id = $1', [id, name, sizeMiB])
      if (sizeMiB !== before.sizeMiB) await resize(sizeMiB)
      return before
    },
    admission(tenantId, ''),
  )
}

/**
 * Deletes the row of a volume that no sandbox has.
 * @throws ApiError `conflict` with the names of those that have it and that the caller sees
 */
export async function forget(database: Database, who: Principal, { id, tenantId }: Row): Promise<void> {
  await inTransaction(
    database.pool,
    async (client) => {
      const all = await rowsOfUsers(client, tenantId, [id])
      if (all.length > 0) {
        const users = all.filter((one) => belongsTo(who, { tenantId, ownerId: one.ownerId }))
        const unseen = all.length - users.length
        const names = [
          ...users.map((one) => `${one.name} (${one.id})`),
          ...(unseen > 0 ? [`${unseen} sandboxes that you do not see`] : []),
        ].join(', ')
        throw new ApiError('conflict', `the volume is in use by ${names}`, undefined, users[0]?.id)
      }
      await client.query('DELETE FROM volume WHERE id = $1', [id])
    },
    // Who makes a sandbox locks it as well, and looks for its volumes then.
    [`SELECT FROM tenant WHERE id = ${pg.escapeLiteral(tenantId)} FOR UPDATE`],
  )
}

const user = z.object({
  volume: z.string(),
  id: z.string(),
  ownerId: z.string(),
  name: z.string(),
  path: z.string(),
  readOnly: z.boolean(),
})

/** The sandboxes that have each of these volumes, running or not, and that the caller sees. */
export async function usersOf(
  client: Pick<pg.PoolClient, 'query'>,
  who: Principal,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Volume['usedBy']>> {
  const { tenantId } = who
  const users = new Map<string, Volume['usedBy']>()
  for (const { volume, ownerId, ...by } of await rowsOfUsers(client, tenantId, ids)) {
    if (belongsTo(who, { tenantId, ownerId })) users.set(volume, [...(users.get(volume) ?? []), by])
  }
  return users
}

async function rowsOfUsers(
  client: Pick<pg.PoolClient, 'query'>,
  tenantId: string,
  ids: readonly string[],
): Promise<z.infer<typeof user>[]> {
  const { rows } = await client.query(
    `SELECT mount->>'volume' AS volume, id, "ownerId", name, mount->>'path' AS path, (mount->>'readOnly')::BOOLEAN AS "readOnly"
     FROM sandbox, jsonb_array_elements(volumes) AS mount
     WHERE "tenantId" = $1 AND "deletedAt" IS NULL AND volumes IS NOT NULL AND mount->>'volume' = ANY ($2)
     ORDER BY name`,
    [tenantId, ids],
  )
  return z.array(user).parse(rows)
}

function assertRoom(answers: readonly pg.QueryResult[], wantedMiB: number): void {
  const { quota, held } = quotaUsage(answers)
  const leftMiB = Math.max(0, quota.diskMiB - held.diskMiB)
  if (wantedMiB > leftMiB) throw quotaExceeded('diskMiB', wantedMiB, leftMiB)
}

async function assertFree(client: pg.PoolClient, tenantId: string, name: string): Promise<void> {
  const { rows } = await client.query(
    'SELECT id FROM volume WHERE "tenantId" = $1 AND name = $2 AND "ofId" IS NULL',
    [tenantId, name],
  )
  const taken: unknown = rows[0]?.id
  if (typeof taken === 'string') {
    throw new ApiError('conflict', `a volume is called ${name} already`, undefined, taken)
  }
}
