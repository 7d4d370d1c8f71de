import type { Prisma, PrismaClient } from '../../prisma/generated/client.js'
import { ApiError } from '../errors.js'

/** Of one tenant at once. More than people need, and few enough that a list of them is one answer. */
const most = { apiKey: 500, invitation: 500, member: 1000 } as const
const words = {
  apiKey: 'API keys; delete one',
  invitation: 'open invitations; take one back',
  member: 'members; an owner can remove one',
} as const

type Client = Prisma.TransactionClient

const counts: Readonly<Record<keyof typeof most, (client: Client, tenantId: string) => Promise<number>>> = {
  apiKey: (client, tenantId) => client.apiKey.count({ where: { tenantId } }),
  invitation: (client, tenantId) =>
    client.invitation.count({ where: { tenantId, expiresAt: { gt: new Date() } } }),
  member: (client, tenantId) => client.member.count({ where: { tenantId } }),
}

/**
 * Stores one more of a tenant. The tenant is locked from the count to the end, so that of several at once each counts
 * the one before.
 *
 * @throws ApiError `quota_exceeded` when the tenant has as many as one may have
 */
export function storeAnother<T>(
  prisma: PrismaClient,
  tenantId: string,
  what: keyof typeof most,
  store: (client: Client) => Promise<T>,
): Promise<T> {
  return prisma.$transaction(async (client) => {
    await client.$queryRaw`SELECT id FROM tenant WHERE id = ${tenantId} FOR UPDATE`
    const count = await counts[what](client, tenantId)
    if (count >= most[what]) {
      throw new ApiError('quota_exceeded', `this tenant has ${count} ${words[what]} first`)
    }
    return store(client)
  })
}
