import { randomBytes } from 'node:crypto'
import type pg from 'pg'
import type { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import type { Prisma, Invitation as Row } from '../../prisma/generated/client.js'
import {
  type Invitation,
  type Invite,
  type InviteToClass,
  type invitationPreview,
  type Member,
  type MemberRemoved,
  type MembersPage,
  newId,
  type Role,
  role,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { addressOf } from '../auth/address.js'
import { type Action, assertMay, personOf } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import { requireFewLinks, requireFewOwned, storeAnother } from './bounds.js'
import { newJoinCode, readJoinCode } from './join-code.js'
import { isInClass, joinClass } from './joining.js'
import { requireNotManaged } from './managed.js'

/** Whom admins invite and remove by themselves. */
const managed: ReadonlySet<string> = new Set(['member', 'student'] satisfies Role[])

const noClass = { classId: null, sectionId: null } as const

/** What somebody has shared, by themselves and by their keys, and what is shared with them in the tenant. */
const endOfShares = [
  `DELETE FROM share WHERE "tenantId" = $1 AND (
     "memberId" IN (SELECT id FROM member WHERE "tenantId" = $1 AND "userId" = $2)
     OR "keyId" IN (SELECT id FROM api_key WHERE "tenantId" = $1 AND "createdById" = $2))`,
  `DELETE FROM share_guest USING share
   WHERE share.id = share_guest."shareId" AND share."tenantId" = $1 AND share_guest."userId" = $2`,
]

/** Who belongs to a tenant, and who is invited. */
export class Members {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  /**
   * In the order in which they joined.
   * @param page all of them without a limit; `cursor`: the last member of the page before
   */
  async list(who: Principal, { limit, cursor }: MembersPage = {}) {
    assertMay(who, 'member.read')
    const { prisma } = this.database
    const { tenantId } = who
    const { owners } = who.sight
    const seen: Prisma.MemberWhereInput = {
      tenantId,
      // Students of others' classes are not theirs to see.
      ...(owners === null ? {} : { OR: [{ role: { not: 'student' } }, { userId: { in: [...owners] } }] }),
    }
    await requireCursor(cursor, (userId) => prisma.member.count({ where: { ...seen, userId } }))
    const [members, invitations] = await Promise.all([
      prisma.member.findMany({
        where: seen,
        include: { user: { include: { _count: { select: { keys: { where: { tenantId } } } } } } },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
        ...(limit === undefined ? {} : { take: limit + 1 }),
        ...(cursor === undefined
          ? {}
          : { cursor: { tenantId_userId: { tenantId, userId: cursor } }, skip: 1 }),
      }),
      prisma.invitation.findMany({
        where: { tenantId, expiresAt: { gt: new Date() } },
        orderBy: { createdAt: 'asc' },
      }),
    ])
    const shown = members.slice(0, limit)
    return {
      members: shown.map(
        (one): Member => ({
          userId: one.userId,
          name: one.user.name,
          email: addressOf(one.user),
          role: role.parse(one.role),
          joinedAt: one.createdAt.toISOString(),
          apiKeys: one.user._count.keys,
        }),
      ),
      invitations: invitations.map(presentInvitation),
      nextCursor: members.length > shown.length ? (shown.at(-1)?.userId ?? null) : null,
    }
  }

  /** @returns the secret of the link as well; only its hash is kept */
  invite(who: Principal, wanted: Invite) {
    const as = wanted.role ?? (wanted.email === undefined ? 'student' : 'member')
    assertMay(who, managed.has(as) ? 'member.invite' : 'member.invite_admin')
    return this.#invite(who, { ...wanted, role: as })
  }

  /** For a class, by its teacher: `classes/invitations.ts` has checked that. */
  inviteToClass(who: Principal, to: { classId: string; sectionId: string | null }, wanted: InviteToClass) {
    assertMay(who, 'class.teach')
    return this.#invite(who, { ...wanted, role: 'student' }, to)
  }

  async #invite(
    who: Principal,
    { email, role: as, maxUses = 100, expiresInSeconds }: Invite & { role: Role },
    toClass: { classId: string | null; sectionId: string | null } = noClass,
  ) {
    const code = email === undefined ? newJoinCode() : null
    const secret = code ?? randomBytes(32).toString('base64url')
    const invitedBy = await this.#nameOf(who)
    const row = await storeAnother(this.database.prisma, who.tenantId, 'invitation', async (client) => {
      await requireFewLinks(client, toClass.classId)
      return client.invitation.create({
        data: {
          ...{ id: newId('in'), tenantId: who.tenantId, role: as, invitedBy, hash: sha256(secret) },
          ...{ email: email?.toLowerCase() ?? null, maxUses: email === undefined ? maxUses : 1 },
          expiresAt: new Date(Date.now() + expiresInSeconds * 1000),
          ...toClass,
        },
      })
    })
    const to = row.email === null ? { maxUses } : { email: row.email }
    const of = row.classId === null ? {} : { class: row.classId }
    await audit(this.database.prisma, who, 'member.invite', row.id, { ...to, role: as, ...of })
    return { ...presentInvitation(row), secret, code }
  }

  /** `Ann (ann@example.org)`, for the page that the invitation's link opens. */
  async #nameOf({ userId, actor }: Principal): Promise<string> {
    const user = await this.database.prisma.user.findUnique({ where: { id: userId ?? '' } })
    return user === null ? actor : `${user.name} (${addressOf(user)})`
  }

  async revoke(who: Principal, id: string): Promise<void> {
    assertMay(who, 'member.uninvite')
    const { prisma } = this.database
    const where = { id, tenantId: who.tenantId }
    const row = await prisma.invitation.findFirst({ where, select: { email: true } })
    const { count } = await prisma.invitation.deleteMany({ where })
    if (row === null || count === 0) throw notFound('invitation')
    await audit(prisma, who, 'member.uninvite', id, row.email === null ? {} : { email: row.email })
  }

  /**
   * The link alone is not enough where it was made for one e-mail address.
   * @returns the tenant; who is a member of it already stays what they are
   */
  async accept(who: Principal, secret: string): Promise<string> {
    const { userId, email } = personOf(who, 'tenant.join')
    const { prisma } = this.database
    const invitation = await prisma.invitation.findUnique({ where: { hash: sha256(readJoinCode(secret)) } })
    if (invitation === null || invitation.expiresAt < new Date())
      throw new ApiError('not_found', 'the invitation was not found or has expired; ask for a new link')
    if (invitation.email !== null && invitation.email !== email.toLowerCase()) {
      throw forbidden(`this invitation is for another email address; you are signed in as ${email}`)
    }
    const { tenantId } = invitation
    await requireNotManaged(prisma, userId, tenantId)
    const known = await prisma.member.findUnique({ where: { tenantId_userId: { tenantId, userId } } })
    const stays = known !== null && invitation.email === null
    if (stays && (invitation.classId === null || known.role !== 'student')) return tenantId
    if (stays && (await isInClass(prisma, invitation, userId))) return tenantId
    const what = stays ? 'nothing' : invitation.role === 'student' ? 'student' : 'member'
    await storeAnother(this.database.prisma, tenantId, what, async (client) => {
      if (invitation.role === 'owner') {
        await requireFewOwned((text, values) => client.$queryRawUnsafe<unknown[]>(text, ...values), userId)
      }
      // Its row is locked by this: of many who come at once no more join than may.
      const { count } = await client.invitation.updateMany({
        where: { id: invitation.id, uses: { lt: invitation.maxUses } },
        data: { uses: { increment: 1 } },
      })
      if (count === 0) throw usedUp()
      const { count: first } = await client.invitationUse.createMany({
        data: { invitationId: invitation.id, userId },
        skipDuplicates: true,
      })
      if (first === 0) throw usedBefore()
      await client.member.createMany({
        data: { id: newId('mb'), tenantId, userId, role: invitation.role },
        skipDuplicates: true,
      })
      await joinClass(client, invitation, userId)
      if (invitation.email !== null) await client.invitation.deleteMany({ where: { id: invitation.id } })
    })
    await audit(this.database.prisma, { tenantId, actor: who.actor }, 'member.join', userId)
    return tenantId
  }

  /** What a link invites to. Its secret says who may ask. @throws ApiError `not_found` */
  async preview(secret: string): Promise<z.infer<typeof invitationPreview>> {
    const found = await this.database.prisma.invitation.findUnique({
      where: { hash: sha256(readJoinCode(secret)) },
      include: { tenant: true, class: true },
    })
    if (found === null || found.expiresAt < new Date()) {
      throw new ApiError('not_found', 'the invitation was used, withdrawn or has expired; ask for a new link')
    }
    return {
      ...{ tenant: found.tenant.name, email: found.email, role: role.parse(found.role) },
      class: found.class?.name ?? null,
      ...{ invitedBy: found.invitedBy, expiresAt: found.expiresAt.toISOString() },
    }
  }

  async change(who: Principal, userId: string, to: Role): Promise<void> {
    assertMay(who, 'member.change')
    await this.#keepingAnOwner(who.tenantId, userId, to, async (client, current) => {
      if (to === 'owner' && current !== 'owner') {
        await requireFewOwned(async (text, values) => (await client.query(text, values)).rows, userId)
      }
      await client.query('UPDATE member SET role = $3 WHERE "tenantId" = $1 AND "userId" = $2', [
        who.tenantId,
        userId,
        to,
      ])
      if (to === 'student') for (const text of endOfShares) await client.query(text, [who.tenantId, userId])
      // A student teaches nobody, and who is none any more is in no roster.
      await client.query(
        `DELETE FROM class_member WHERE "tenantId" = $1 AND "userId" = $2 AND (role = 'student') <> ($3 = 'student')`,
        [who.tenantId, userId, to],
      )
    })
    this.principals.forget({ userId })
    await audit(this.database.prisma, who, 'member.change', userId, { role: to })
  }

  /**
   * An owner removes anybody, an admin removes members, and everybody may leave.
   *
   * @param keys what becomes of the API keys that this person created: `transfer` makes them the caller's
   * @returns how many keys that concerned
   */
  async remove(who: Principal, userId: string, keys: 'revoke' | 'transfer'): Promise<MemberRemoved> {
    if (keys === 'transfer' && (userId === who.userId || who.userId === null)) {
      throw new ApiError('invalid_request', 'you cannot transfer keys to yourself while you leave')
    }
    const action = (current: string): Action =>
      userId === who.userId ? 'tenant.leave' : managed.has(current) ? 'member.remove' : 'member.remove_admin'
    // Whoever may remove nobody is not told who is a member.
    assertMay(who, action('member'))
    const remove = async (client: pg.PoolClient) => {
      const values = [who.tenantId, userId]
      await client.query('DELETE FROM member WHERE "tenantId" = $1 AND "userId" = $2', values)
      // An account that the tenant made is for it alone. What its student made is the tenant's and stays.
      await client.query('DELETE FROM "user" WHERE "managedById" = $1 AND id = $2', values)
      const { rows } =
        keys === 'revoke'
          ? await client.query(
              'DELETE FROM api_key WHERE "tenantId" = $1 AND "createdById" = $2 RETURNING id',
              values,
            )
          : await client.query(
              'UPDATE api_key SET "createdById" = $3 WHERE "tenantId" = $1 AND "createdById" = $2 RETURNING id',
              [...values, who.userId],
            )
      return rows.map((row) => String(row.id))
    }
    const user = await this.database.prisma.user.findUnique({ where: { id: userId } })
    // It has no other place, and would be gone with all that is known of it.
    if (userId === who.userId && user?.managedById === who.tenantId) {
      throw forbidden('your account was made by your school: ask your teacher to remove you')
    }
    const address = user === null ? null : addressOf(user)
    const ids = await this.#keepingAnOwner(who.tenantId, userId, null, remove, (current) =>
      assertMay(who, action(current)),
    )
    this.principals.forget({ userId })
    const ofKeys = keys === 'revoke' ? { keysRevoked: ids } : { keysTransferred: ids }
    // Their address is known of members only, so it is written down with the removal.
    const detail = { ...(address === null ? {} : { email: address }), ...(ids.length === 0 ? {} : ofKeys) }
    await audit(this.database.prisma, who, 'member.remove', userId, detail)
    const [keysRevoked, keysTransferred] = keys === 'revoke' ? [ids.length, 0] : [0, ids.length]
    return { keysRevoked, keysTransferred }
  }

  /** Two owners who demote each other at the same instant must not leave a tenant without one. */
  async #keepingAnOwner<T>(
    tenantId: string,
    userId: string,
    to: Role | null,
    act: (client: pg.PoolClient, current: string) => Promise<T>,
    may: (current: string) => void = () => {},
  ): Promise<T> {
    return inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
      const { rows } = await client.query(
        'SELECT "userId", role FROM member WHERE "tenantId" = $1 FOR UPDATE',
        [tenantId],
      )
      const current = rows.find((row) => row.userId === userId)?.role
      if (current === undefined) throw notFound('member')
      may(current)
      const others = rows.filter((row) => row.role === 'owner' && row.userId !== userId)
      if (others.length === 0 && to !== 'owner') {
        throw new ApiError(
          'conflict',
          'a tenant needs at least one owner; make another member an owner first',
        )
      }
      return act(client, current)
    })
  }
}

/** Who was removed does not come back by it, and nobody uses it up. */
const usedBefore = () =>
  new ApiError('conflict', 'you have joined by this link before; ask whoever sent it for a new one')

const usedUp = () =>
  new ApiError('conflict', 'as many have joined by this link as may; ask whoever sent it for a new one')

export const presentInvitation = (row: Row): Invitation => ({
  ...{ class: row.classId, section: row.sectionId },
  ...{ id: row.id, email: row.email, role: role.parse(row.role), maxUses: row.maxUses, uses: row.uses },
  expiresAt: row.expiresAt.toISOString(),
})
