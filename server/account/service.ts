import type { z } from 'zod'
import type { AccountDeletion, accountSessions } from '../../protocol/api/index.js'
import { auditAccount } from '../audit.js'
import { personOf } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'
import { requireNotManaged } from '../tenants/managed.js'
import { deleteAccount, deletionOf } from './deletion.js'
import type { Passwords } from './passwords.js'
import { redeemResetLink, resetLinkOf } from './reset-links.js'

const sessionsMax = 200

/** What people change about themselves. */
export class AccountService {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
    private readonly passwords: Passwords,
  ) {}

  async rename(who: Principal, name: string): Promise<void> {
    const { userId } = personOf(who, 'account.change')
    await this.database.prisma.user.update({ where: { id: userId }, data: { name } })
  }

  /** Every other session ends. @throws ApiError `forbidden` when the password is wrong */
  async changePassword(
    who: Principal,
    wanted: { currentPassword: string; newPassword: string },
  ): Promise<void> {
    const { userId, sessionId, email } = personOf(who, 'account.change')
    await this.passwords.check(userId, wanted.currentPassword)
    await this.passwords.replace(userId, wanted.newPassword, sessionId)
    this.principals.forget()
    await auditAccount(this.database.prisma, userId, email, 'account.password')
  }

  async sessions(who: Principal): Promise<z.infer<typeof accountSessions>> {
    const { userId, sessionId } = personOf(who, 'session.read')
    const rows = await this.database.prisma.session.findMany({
      where: { userId, expiresAt: { gt: new Date() } },
      orderBy: { updatedAt: 'desc' },
      take: sessionsMax,
    })
    return {
      sessions: rows.map((row) => ({
        ...{ id: row.id, userAgent: row.userAgent || null, ipAddress: row.ipAddress || null },
        createdAt: row.createdAt.toISOString(),
        lastUsedAt: row.updatedAt.toISOString(),
        expiresAt: row.expiresAt.toISOString(),
        current: row.id === sessionId,
      })),
    }
  }

  async endOtherSessions(who: Principal): Promise<void> {
    const { userId, sessionId } = personOf(who, 'session.end')
    await this.database.prisma.session.deleteMany({ where: { userId, id: { not: sessionId } } })
    this.principals.forget()
  }

  async endSession(who: Principal, id: string): Promise<void> {
    const { userId } = personOf(who, 'session.end')
    const { count } = await this.database.prisma.session.deleteMany({ where: { userId, id } })
    if (count === 0) throw notFound('session')
    this.principals.forget()
  }

  /** What deleting the account would delete. */
  async deletion(who: Principal): Promise<AccountDeletion> {
    return deletionOf(this.database.pool, personOf(who, 'account.delete').userId)
  }

  async delete(who: Principal, currentPassword: string): Promise<void> {
    const { userId, email } = personOf(who, 'account.delete')
    await requireNotManaged(this.database.prisma, userId, null)
    await this.passwords.check(userId, currentPassword)
    await deleteAccount(this.database, userId, email)
    this.principals.forget()
  }

  /** Whose password a link sets. The secret says who may. @throws ApiError `not_found` */
  async previewReset(secret: string): Promise<{ email: string; expiresAt: string }> {
    const { user, expiresAt } = await resetLinkOf(this.database, secret)
    return { email: user.email, expiresAt: expiresAt.toISOString() }
  }

  /** The secret says who may. @throws ApiError `not_found` */
  async reset(secret: string, newPassword: string): Promise<{ email: string }> {
    const answer = await redeemResetLink(this.database, this.passwords, secret, newPassword)
    this.principals.forget()
    return answer
  }
}
