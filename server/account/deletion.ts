import type { AccountDeletion } from '../../protocol/api/index.js'
import { auditAccount } from '../audit.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'

/** A tenant of the person, how many others own it or belong to it, and what is in it. */
const tenantsOf = `
  SELECT tenant.id, tenant.name, mine.role,
    (SELECT count(*)::INTEGER FROM member WHERE "tenantId" = tenant.id AND "userId" <> $1) AS members,
    (SELECT count(*)::INTEGER FROM member WHERE "tenantId" = tenant.id AND "userId" <> $1 AND role = 'owner') AS owners,
    (SELECT count(*)::INTEGER FROM sandbox WHERE "tenantId" = tenant.id AND "deletedAt" IS NULL) AS sandboxes,
    (SELECT count(*)::INTEGER FROM volume WHERE "tenantId" = tenant.id AND "ofId" IS NULL) AS volumes,
    (SELECT count(*)::INTEGER FROM run WHERE "tenantId" = tenant.id) AS runs,
    (SELECT count(*)::INTEGER FROM api_key WHERE "tenantId" = tenant.id) AS keys
  FROM member AS mine JOIN tenant ON tenant.id = mine."tenantId"
  WHERE mine."userId" = $1 ORDER BY tenant.name, tenant.id`

interface Client {
  query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }>
}

/**
 * What deleting an account would delete. A tenant that others own is left. One that only this person owns is deleted
 * with the account when nobody else is in it and no sandbox or volume: where there is either, it is `blocked`, and the person
 * hands it over or deletes it first, so that nothing of other people and no disk is lost by the way.
 */
export async function deletionOf(client: Client, userId: string): Promise<AccountDeletion> {
  const { rows } = await client.query(tenantsOf, [userId])
  const tenants = rows.map((row): AccountDeletion['tenants'][number] => {
    const [members, owners] = [Number(row.members), Number(row.owners)]
    const [sandboxes, volumes] = [Number(row.sandboxes), Number(row.volumes)]
    const mine = row.role === 'owner' && owners === 0
    return {
      ...{ id: String(row.id), name: String(row.name), members, sandboxes, volumes },
      ...{ runs: Number(row.runs), keys: Number(row.keys) },
      outcome: !mine ? 'leave' : members > 0 || sandboxes + volumes > 0 ? 'blocked' : 'delete',
    }
  })
  const others = await client.query('SELECT id FROM "user" WHERE operator AND id <> $1 LIMIT 1', [userId])
  const self = await client.query('SELECT operator FROM "user" WHERE id = $1', [userId])
  return { tenants, lastOperator: self.rows[0]?.operator === true && others.rows.length === 0 }
}

/** @throws ApiError `conflict` that names what has to be done first; nothing is deleted then */
export async function deleteAccount(database: Database, userId: string, email: string): Promise<void> {
  await inTransaction(database.pool, async (client) => {
    // Locked: nobody joins such a tenant, and no sandbox is made in it, between the look and the deletion.
    await client.query(
      `SELECT FROM tenant WHERE id IN (SELECT "tenantId" FROM member WHERE "userId" = $1) ORDER BY id FOR UPDATE`,
      [userId],
    )
    await client.query(`SELECT FROM "user" WHERE operator ORDER BY id FOR UPDATE`)
    const { tenants, lastOperator } = await deletionOf(client, userId)
    if (lastOperator) {
      throw new ApiError('conflict', 'you are the only operator of this installation; nothing was deleted')
    }
    const blocked = tenants.filter(({ outcome }) => outcome === 'blocked').map(({ name }) => name)
    if (blocked.length > 0) {
      throw new ApiError(
        'conflict',
        `you are the only owner of ${blocked.join(', ')}; make another member an owner, or delete the sandboxes, the volumes and the tenant first. Nothing was deleted`,
      )
    }
    const gone = tenants.filter(({ outcome }) => outcome === 'delete').map(({ id }) => id)
    await client.query('DELETE FROM tenant WHERE id = ANY($1)', [gone])
    await client.query('DELETE FROM "user" WHERE id = $1', [userId])
    for (const { id } of tenants.filter(({ outcome }) => outcome === 'leave')) {
      await client.query(
        `INSERT INTO audit_event ("tenantId", at, actor, action, target, detail) VALUES ($1, now() AT TIME ZONE 'UTC', $2, 'member.remove', $3, '{"accountDeleted": true}')`,
        [id, email, userId],
      )
    }
  })
  await auditAccount(database.prisma, userId, email, 'account.delete')
}
