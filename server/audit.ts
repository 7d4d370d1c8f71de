import type { Prisma, PrismaClient } from '../prisma/generated/client.js'
import type { Principal } from './auth/principal.js'

/** One entry for each change that somebody makes: who, what, to what. */
export async function audit(
  prisma: PrismaClient,
  who: Pick<Principal, 'tenantId' | 'actor'>,
  action: string,
  target: string | null,
  detail: Prisma.InputJsonObject = {},
): Promise<void> {
  const { tenantId, actor } = who
  await prisma.auditEvent.create({ data: { tenantId, actor, action, target, detail } })
}
