import type { PrismaClient } from '../../prisma/generated/client.js'
import { newId, type Quota, quota } from '../../protocol/index.js'
import { ApiError, notFound } from '../errors.js'

/** Each tenant brings a quota of its own: without a bound, whoever wants more than one quota makes another tenant. */
const maxOwned = 3

/** @throws ApiError `quota_exceeded` when the user owns as many tenants as one may */
export async function assertMayOwnAnother(prisma: PrismaClient, userId: string): Promise<void> {
  const owned = await prisma.member.count({ where: { userId, role: 'owner' } })
  if (owned < maxOwned) return
  throw new ApiError(
    'quota_exceeded',
    `you own ${owned} tenants and the limit is ${maxOwned}; leave or delete one first`,
  )
}

/** A new tenant, owned by one user. Its quota is the database's default until an operator changes it. */
export async function createTenant(prisma: PrismaClient, userId: string, name: string): Promise<string> {
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

/** @throws ApiError `not_found` */
export async function quotaOf(prisma: PrismaClient, tenantId: string): Promise<Quota> {
  const tenant = await prisma.tenant.findUnique({ where: { id: tenantId }, select: { quota: true } })
  if (tenant === null) throw notFound('tenant')
  return quota.parse(tenant.quota)
}
