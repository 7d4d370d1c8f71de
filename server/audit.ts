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

/** The same for what an operator does to the node: it belongs to no tenant, and no tenant sees it. */
export async function auditNode(
  prisma: PrismaClient,
  who: Pick<Principal, 'actor'>,
  action: string,
  target: string,
  detail: Prisma.InputJsonObject = {},
): Promise<void> {
  await prisma.auditEvent.create({ data: { tenantId: null, actor: who.actor, action, target, detail } })
}
