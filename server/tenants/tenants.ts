import type { Prisma, PrismaClient } from '../../prisma/generated/client.js'
import { newId, type Quota, quota } from '../../protocol/api/index.js'
import { notFound } from '../errors.js'
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
