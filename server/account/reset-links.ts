import { randomBytes } from 'node:crypto'
import { sha256 } from '../../common/digest.js'
import { newId } from '../../protocol/api/index.js'
import { auditAccount } from '../audit.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { Passwords } from './passwords.js'

/** Long enough to reach somebody, short enough that a forgotten link is worth nothing. */
const validMs = 24 * 3_600_000

/**
 * Makes a link by which a person sets a new password, once, within a day. A second link replaces the first.
 *
 * @param createdBy who made it, for the audit log
 * @returns the secret that the link holds; only its hash is kept
 */
export async function createResetLink(
  { prisma }: Database,
  userId: string,
  createdBy: string,
): Promise<{ secret: string; expiresAt: Date }> {
  const secret = randomBytes(32).toString('base64url')
  const expiresAt = new Date(Date.now() + validMs)
  const link = { hash: sha256(secret), createdBy, createdAt: new Date(), expiresAt }
  await prisma.passwordReset.upsert({
    where: { userId },
    create: { id: newId('pr'), userId, ...link },
    update: link,
  })
  await auditAccount(prisma, userId, createdBy, 'account.reset_link', { expiresAt: expiresAt.toISOString() })
  return { secret, expiresAt }
}

/** Address of the page that takes the secret. It stands behind `#`, where no server's log sees it. */
export const resetUrl = (publicUrl: string, secret: string): string => `${publicUrl}/reset#${secret}`

/** Whose link it is. @throws ApiError `not_found` when it was used, has expired or was replaced */
export async function resetLinkOf({ prisma }: Database, secret: string) {
  const link = await prisma.passwordReset.findUnique({
    where: { hash: sha256(secret) },
    include: { user: true },
  })
  if (link === null || link.expiresAt < new Date()) {
    throw new ApiError(
      'not_found',
      'this reset link was used, has expired or was replaced by a newer one; ask an operator for a new link',
    )
  }
  return link
}

/** Sets the password, uses the link up and ends every session of the account. @throws ApiError `not_found` */
export async function redeemResetLink(
  database: Database,
  passwords: Passwords,
  secret: string,
  password: string,
): Promise<{ email: string }> {
  const { userId, user, id, hash } = await resetLinkOf(database, secret)
  // Of two who use it at once, one finds it gone.
  const { count } = await database.prisma.passwordReset.deleteMany({ where: { id, hash } })
  if (count === 0) throw new ApiError('not_found', 'this reset link was just used')
  await passwords.replace(userId, password, null)
  await auditAccount(database.prisma, userId, user.email, 'account.reset')
  return { email: user.email }
}
