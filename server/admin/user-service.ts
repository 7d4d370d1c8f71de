import type { z } from 'zod'
import type { adminUser, resetLink } from '../../protocol/api/index.js'
import { createResetLink, resetUrl } from '../account/reset-links.js'
import { addressOf } from '../auth/address.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'

/** The operator page shows so many; a search finds the others. */
const usersMax = 100

/** Accounts, for operators. */
export class UserAdministration {
  constructor(
    private readonly database: Database,
    private readonly publicUrl: string,
  ) {}

  /** Newest first. @param search part of a name or e-mail address */
  async list(
    who: Principal,
    search: string | undefined,
  ): Promise<{ users: z.infer<typeof adminUser>[]; more: boolean }> {
    assertMay(who, 'user.read')
    const part = { contains: search ?? '', mode: 'insensitive' as const }
    const rows = await this.database.prisma.user.findMany({
      ...(search === undefined ? {} : { where: { OR: [{ name: part }, { email: part }] } }),
      include: { _count: { select: { members: true, sessions: true } } },
      orderBy: { createdAt: 'desc' },
      take: usersMax + 1,
    })
    const users = rows.slice(0, usersMax).map((row) => ({
      ...{ id: row.id, name: row.name, email: addressOf(row), operator: row.operator },
      ...{ tenants: row._count.members, sessions: row._count.sessions },
      createdAt: row.createdAt.toISOString(),
    }))
    return { users, more: rows.length > usersMax }
  }

  /** A link by which a person sets a new password, once, within a day. */
  async createResetLink(who: Principal, userId: string): Promise<z.infer<typeof resetLink>> {
    assertMay(who, 'user.reset_link')
    const user = await this.database.prisma.user.findUnique({ where: { id: userId } })
    if (user === null) throw notFound('user')
    const { secret, expiresAt } = await createResetLink(this.database, user.id, who.actor)
    return {
      ...{ url: resetUrl(this.publicUrl, secret), email: addressOf(user) },
      expiresAt: expiresAt.toISOString(),
    }
  }
}
