import { z } from 'zod'
import type { Prisma, PrismaClient } from '../../prisma/generated/client.js'
import { classBounds, webhookBounds } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'

/** Of one tenant at once. More than people need, and few enough that a list of them is one answer. */
const most = {
  ...{ apiKey: 500, invitation: 500, member: 1000, student: 5000, class: classBounds.classes },
  webhook: webhookBounds.webhooks,
  /** For what only needs the tenant to be locked. */
  nothing: 1,
} as const
const words = {
  apiKey: 'API keys; delete one',
  invitation: 'open invitations; take one back',
  member: 'members; an owner can remove one',
  student: 'students; remove some',
  class: 'classes; delete one',
  webhook: 'webhooks; delete one',
  nothing: '',
} as const

type Client = Prisma.TransactionClient

const counts: Readonly<Record<keyof typeof most, (client: Client, tenantId: string) => Promise<number>>> = {
  apiKey: (client, tenantId) => client.apiKey.count({ where: { tenantId } }),
  invitation: (client, tenantId) =>
    client.invitation.count({ where: { tenantId, expiresAt: { gt: new Date() } } }),
  member: (client, tenantId) => client.member.count({ where: { tenantId, role: { not: 'student' } } }),
  student: (client, tenantId) => client.member.count({ where: { tenantId, role: 'student' } }),
  nothing: async () => 0,
  class: (client, tenantId) => client.class.count({ where: { tenantId } }),
  webhook: (client, tenantId) => client.webhook.count({ where: { tenantId } }),
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

/**
 * The teachers of one class must not use up the invitations of the tenant. In a transaction that has locked the tenant.
 *
 * @throws ApiError `quota_exceeded`
 */
export async function requireFewLinks(client: Client, classId: string | null): Promise<void> {
  if (classId === null) return
  const count = await client.invitation.count({ where: { classId, expiresAt: { gt: new Date() } } })
  if (count >= classBounds.links) {
    throw new ApiError('quota_exceeded', `this class has ${count} open links; withdraw one first`)
  }
}

/**
 * The same for many people at once, in a transaction that has locked the tenant.
 *
 * @throws ApiError `quota_exceeded`
 */
export async function requireRoomForPeople(
  client: { query(text: string, values: unknown[]): Promise<{ rows: Record<string, unknown>[] }> },
  tenantId: string,
  role: 'student' | 'member',
  more: number,
): Promise<void> {
  const { rows } = await client.query(
    `SELECT count(*)::INTEGER AS count FROM member WHERE "tenantId" = $1 AND (role = 'student') = $2`,
    [tenantId, role === 'student'],
  )
  const count = Number(rows[0]?.count)
  if (count + more > most[role]) {
    throw new ApiError(
      'quota_exceeded',
      `a tenant has at most ${most[role]} ${role}s, and this one has ${count}; remove some first`,
    )
  }
}

/** Each tenant brings a quota of its own: without a bound, whoever wants more than one quota makes another tenant. */
const maxOwned = 3

const owned = z.array(z.object({ count: z.int() }))

/**
 * Whoever becomes the owner of one more tenant, by making it, by invitation or by a change of role, must own few. The
 * person is locked until the transaction ends, so that of several at once each counts the one before. What locks the
 * tenant too locks it first. Operators own as many as they like.
 *
 * @param query on the connection of the transaction
 * @throws ApiError `quota_exceeded`
 */
export async function requireFewOwned(
  query: (text: string, values: string[]) => Promise<unknown[]>,
  userId: string,
): Promise<void> {
  await query('SELECT id FROM "user" WHERE id = $1 FOR UPDATE', [userId])
  const [one] = owned.parse(
    await query(
      `SELECT count(*)::INTEGER AS count FROM member JOIN "user" ON "user".id = "userId"
       WHERE "userId" = $1 AND role = 'owner' AND NOT operator`,
      [userId],
    ),
  )
  if (one !== undefined && one.count >= maxOwned) {
    throw new ApiError(
      'quota_exceeded',
      `one person can own at most ${maxOwned} tenants, and this one owns ${one.count}; leave or delete one first`,
    )
  }
}
