import type { PrismaClient } from '../../prisma/generated/client.js'
import { ApiError } from '../errors.js'

/** Of one tenant at once. More than people need, and few enough that a list of them is one answer. */
const most = { apiKey: 500, invitation: 500 } as const
const words = { apiKey: 'API keys; delete one', invitation: 'invitations; take one back' } as const

/** @throws ApiError `quota_exceeded` when the tenant has as many as one may have */
export async function assertMayStoreAnother(
  prisma: PrismaClient,
  tenantId: string,
  what: keyof typeof most,
): Promise<void> {
  const where = { tenantId }
  const count =
    what === 'apiKey' ? await prisma.apiKey.count({ where }) : await prisma.invitation.count({ where })
  if (count < most[what]) return
  throw new ApiError('quota_exceeded', `this tenant has ${count} ${words[what]} first`)
}
