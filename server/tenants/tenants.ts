import type { Prisma, PrismaClient } from '../../prisma/generated/client.js'
import { newId, type Quota, quota } from '../../protocol/api/index.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { requireFewOwned } from './bounds.js'

/**
 * A new tenant of somebody who may own few.
 *
 * @throws ApiError `quota_exceeded` when the user owns as many tenants as one may
 */
export function createAnother(prisma: PrismaClient, userId: string, name: string): Promise<string> {
  return prisma.$transaction(async (client) => {
    await requireFewOwned((text, values) => client.$queryRawUnsafe<unknown[]>(text, ...values), userId)
    return createTenant(client, userId, name)
  })
}

/** A new tenant, owned by one user. Its quota is the database's default until an operator changes it. */
export async function createTenant(
  prisma: Prisma.TransactionClient,
  userId: string,
  name: string,
): Promise<string> {
  const { id } = await prisma.tenant.create({
    data: {
      id: newId('tn'),
      // A user's name may be longer than a tenant's.
      name: Array.from(name).slice(0, 64).join(''),
      members: { create: { id: newId('mb'), userId, role: 'owner' } },
    },
  })
  return id
}

/** Whoever signs up gets a tenant of their own. */
export const createFirstTenant =
  (prisma: Prisma.TransactionClient) => (user: { readonly id: string; readonly name: string }) =>
    createTenant(prisma, user.id, `${user.name}'s tenant`)

/** @throws ApiError `not_found` */
export async function quotaOf(prisma: PrismaClient, tenantId: string): Promise<Quota> {
  const tenant = await prisma.tenant.findUnique({ where: { id: tenantId }, select: { quota: true } })
  if (tenant === null) throw notFound('tenant')
  return quota.parse(tenant.quota)
}

/**
 * Deletes a tenant that has no sandboxes, no volumes and no unfinished runs, with its members, keys, history and usage.
 *
 * @throws ApiError `conflict` when something is in it; nothing is deleted then
 */
export async function deleteTenant(database: Database, tenantId: string): Promise<void> {
  await inTransaction(database.pool, async (client) => {
    await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
    const { rows } = await client.query(
      `SELECT (SELECT count(*)::INTEGER FROM sandbox WHERE "tenantId" = $1 AND "deletedAt" IS NULL) AS sandboxes,
        (SELECT count(*)::INTEGER FROM volume WHERE "tenantId" = $1 AND "ofId" IS NULL) AS volumes,
        (SELECT count(*)::INTEGER FROM run WHERE "tenantId" = $1 AND state IN ('queued', 'running')) AS runs`,
      [tenantId],
    )
    const { sandboxes, volumes, runs } = rows[0]
    if (sandboxes + volumes + runs > 0) {
      throw new ApiError(
        'conflict',
        `the tenant has ${sandboxes} sandboxes, ${volumes} volumes and ${runs} unfinished runs; delete the sandboxes and volumes and cancel the runs first. Nothing was deleted`,
      )
    }
    await client.query('DELETE FROM tenant WHERE id = $1', [tenantId])
  })
}
