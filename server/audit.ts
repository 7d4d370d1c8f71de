import type { Prisma, PrismaClient } from '../prisma/generated/client.js'
import type { Limited } from './auth/key-limits.js'
import type { Principal } from './auth/principal.js'

/** Whoever moves a file says names of 4 KiB as often as they like; an entry needs no more than its beginning. */
const maxText = 512

const short = (detail: Prisma.InputJsonObject): Prisma.InputJsonObject =>
  Object.fromEntries(
    Object.entries(detail).map(([name, value]) => [
      name,
      typeof value === 'string' && value.length > maxText ? `${value.slice(0, maxText)}…` : value,
    ]),
  )

/** Who an entry is about. */
type Actor = Pick<Principal, 'tenantId' | 'actor'> & Partial<Limited>

/** Names of keys repeat: what one with limits does says which one it is. */
export const keyDetail = ({ keyId, keyLimits }: Partial<Limited>): { key?: string } =>
  keyId && keyLimits ? { key: keyId } : {}

/** One entry for each change that somebody makes: who, what, to what. */
export async function audit(
  prisma: PrismaClient,
  who: Actor,
  action: string,
  target: string | null,
  told: Prisma.InputJsonObject = {},
): Promise<void> {
  const { tenantId, actor } = who
  const detail = { ...told, ...keyDetail(who) }
  if (target?.startsWith('sb_')) {
    // What a guest does in a sandbox belongs into the log of the tenant that it is of.
    await prisma.$executeRaw`
      INSERT INTO audit_event ("tenantId", at, actor, action, target, detail) VALUES (
        coalesce((SELECT "tenantId" FROM sandbox WHERE id = ${target}), ${tenantId}), now() AT TIME ZONE 'UTC',
        ${actor}, ${action}, ${target}, ${JSON.stringify(short(detail))}::JSONB)`
    return
  }
  await prisma.auditEvent.create({ data: { tenantId, actor, action, target, detail: short(detail) } })
}

/** What an entry says of a command, when its tenant wants one of each. Its environment may hold secrets, and is left out. */
export const commandDetail = ({
  command,
  cwd,
  user,
}: {
  command: string | readonly string[]
  cwd?: string | undefined
  user: string
}): Prisma.InputJsonObject => ({
  command: typeof command === 'string' ? command : command.join(' '),
  user,
  ...(cwd === undefined ? {} : { cwd }),
})

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

/**
 * The same for what happens to a person's account: one entry that belongs to no tenant, and one in each tenant of the
 * person, whose owners and admins need to know.
 */
export async function auditAccount(
  prisma: PrismaClient,
  userId: string,
  actor: string,
  action: string,
  detail: Prisma.InputJsonObject = {},
): Promise<void> {
  const members = await prisma.member.findMany({ where: { userId }, select: { tenantId: true } })
  const entry = { actor, action, target: userId, detail }
  await prisma.auditEvent.createMany({
    data: [{ ...entry, tenantId: null }, ...members.map(({ tenantId }) => ({ ...entry, tenantId }))],
  })
}
