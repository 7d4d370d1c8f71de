import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import {
  type ChangeShare,
  type CreateShare,
  newId,
  type ReceivedShare,
  type Share,
  type ShareCreated,
  shareLevel,
  type sharePreview,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { addressOf } from '../auth/address.js'
import { assertMay, ofTenant, personOf } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction, type Prisma } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import { requireNotManaged } from '../tenants/managed.js'

/** Of one sandbox; those that are over do not count. */
const maxShares = 50
/** Who may come by one link. */
const maxGuests = 100

const withGuests = { guests: { include: { user: true }, orderBy: { joinedAt: 'asc' } } } as const
type Row = Prisma.ShareGetPayload<{ include: typeof withGuests }>

// What is counted under a lock is counted by a statement of its own: the one that waited sees what was there before.
const lockSandbox = 'SELECT FROM sandbox WHERE id = $1 AND "deletedAt" IS NULL FOR UPDATE'
const insert = `
  INSERT INTO share
    (id, "sandboxId", "tenantId", level, hash, "createdBy", "createdAt", "expiresAt", "memberId", "keyId")
  SELECT $1, id, "tenantId", $3, $4, $5, now() AT TIME ZONE 'UTC',
    LEAST($6, (SELECT "expiresAt" FROM api_key WHERE id = $8)),
    (SELECT member.id FROM member WHERE member."tenantId" = sandbox."tenantId" AND member."userId" = $7), $8 FROM sandbox
  WHERE id = $2 AND "deletedAt" IS NULL AND ${maxShares} > (
    SELECT count(*) FROM share WHERE "sandboxId" = $2 AND "expiresAt" > now() AT TIME ZONE 'UTC')`
const change = `
  UPDATE share SET level = coalesce($2, level), "expiresAt" = CASE WHEN $3::FLOAT8 IS NULL THEN "expiresAt" ELSE LEAST(
    now() AT TIME ZONE 'UTC' + make_interval(secs => $3),
    (SELECT "expiresAt" FROM api_key WHERE id = share."keyId")) END
  WHERE id = $1 AND "expiresAt" > now() AT TIME ZONE 'UTC'`
const lockShare = 'SELECT FROM share WHERE id = $1 FOR UPDATE'
const join = `
  INSERT INTO share_guest ("shareId", "userId", "sandboxId", "joinedAt")
  SELECT id, $2, "sandboxId", now() AT TIME ZONE 'UTC' FROM share
  WHERE id = $1 AND "expiresAt" > now() AT TIME ZONE 'UTC' AND ${maxGuests} > (
    SELECT count(*) FROM share_guest WHERE "shareId" = $1 AND "userId" <> $2)
  ON CONFLICT ("shareId", "userId") DO UPDATE SET "joinedAt" = share_guest."joinedAt"`
const received = `
  SELECT sandbox.id AS "sandboxId", sandbox.name, share.level, share."createdBy" AS "sharedBy", share."expiresAt"
  FROM share_guest AS guest JOIN share ON share.id = guest."shareId" JOIN sandbox ON sandbox.id = share."sandboxId"
  WHERE guest."userId" = $1 AND share."expiresAt" > now() AT TIME ZONE 'UTC' AND sandbox."deletedAt" IS NULL
    AND (share.hash IS NOT NULL OR EXISTS (
      SELECT FROM member WHERE member."userId" = guest."userId" AND member."tenantId" = share."tenantId"))
    AND sharer_sees(share."tenantId", share."memberId", share."keyId", sandbox."ownerId")
  ORDER BY share.level DESC, share."expiresAt" DESC LIMIT 200`
const receivedRow = z.object({
  ...{
    sandboxId: z.string(),
    name: z.string(),
    level: shareLevel,
    sharedBy: z.string(),
    expiresAt: z.date(),
  },
})

const linkIsOver = () =>
  new ApiError('not_found', 'the link was withdrawn or has expired; ask whoever sent it for a new one')

/** With whom sandboxes are shared. */
export class ShareService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly publicUrl: string,
  ) {}

  /**
   * Shares a sandbox with a member, or makes a link for whoever has it.
   * @throws ApiError `not_found` when there is no such member, `conflict` when there are too many shares
   */
  async create(who: Principal, sandboxId: string, wanted: CreateShare): Promise<ShareCreated> {
    await this.sandboxes.row(who, 'share.create', sandboxId)
    const { level, member: email, expiresInSeconds } = wanted
    const userId = email === undefined ? null : await this.#memberOf(who, email)
    const secret = randomBytes(32).toString('base64url')
    const id = newId('sh')
    const hash = userId === null ? sha256(secret) : null
    const expiresAt = new Date(Date.now() + expiresInSeconds * 1000)
    await inTransaction(this.database.pool, async (client) => {
      const values = [id, sandboxId, level, hash, who.actor, expiresAt, who.userId, who.keyId]
      await client.query(lockSandbox, [sandboxId])
      const { rowCount } = await client.query(insert, values)
      if (rowCount !== 1) {
        throw new ApiError('conflict', `a sandbox has at most ${maxShares} shares at once; stop one first`)
      }
      if (userId !== null) await client.query(join, [id, userId])
    })
    const made = present(await this.#row(id))
    const detail = { share: id, level, expiresAt: made.expiresAt, ...(email === undefined ? {} : { email }) }
    await audit(this.database.prisma, who, 'share.create', sandboxId, detail)
    const url = hash === null ? null : `${this.publicUrl}/join/sandbox#${secret}`
    return { ...made, url }
  }

  /** Those that are not over, the newest first. */
  async list(who: Principal, sandboxId: string): Promise<Share[]> {
    await this.sandboxes.row(who, 'share.read', sandboxId)
    const rows = await this.database.prisma.share.findMany({
      where: { sandboxId, expiresAt: { gt: new Date() } },
      include: withGuests,
      orderBy: { createdAt: 'desc' },
    })
    return rows.map(present)
  }

  /**
   * Lets whoever came by it do more or less, for longer or shorter. It counts at once for what they have open.
   * @throws ApiError `not_found`, also of one that is over
   */
  async change(who: Principal, id: string, wanted: ChangeShare): Promise<Share> {
    assertMay(who, 'share.change')
    const { prisma, pool } = this.database
    const row = await this.#own(who, id)
    const { level = null, expiresInSeconds = null } = wanted
    const { rowCount } = await pool.query(change, [id, level, expiresInSeconds])
    if (rowCount !== 1) throw notFound('share')
    await this.#cutOff(row.sandboxId)
    const changed = present(await this.#row(id))
    const detail = { share: id, level: changed.level, expiresAt: changed.expiresAt }
    await audit(prisma, who, 'share.change', row.sandboxId, detail)
    return changed
  }

  /** Withdraws it: whoever came by it is cut off at once, at every server. */
  async remove(who: Principal, id: string): Promise<void> {
    assertMay(who, 'share.delete')
    const { prisma } = this.database
    const row = await this.#own(who, id)
    const { count } = await prisma.share.deleteMany({ where: { id } })
    if (count === 0) throw notFound('share')
    await this.#cutOff(row.sandboxId)
    await audit(prisma, who, 'share.delete', row.sandboxId, { share: id })
  }

  /** What a link leads to. Its secret says who may ask. @throws ApiError `not_found` */
  async preview(secret: string): Promise<z.infer<typeof sharePreview>> {
    const { sandbox, level, createdBy, expiresAt } = await this.#bySecret(secret)
    return {
      sandbox: sandbox.name,
      level: shareLevel.parse(level),
      sharedBy: createdBy,
      expiresAt: expiresAt.toISOString(),
    }
  }

  /**
   * The caller may be in the sandbox from now on, until the share ends.
   * @throws ApiError `not_found`, `conflict` when too many have come by this link
   */
  async accept(who: Principal, secret: string): Promise<{ sandboxId: string }> {
    const { userId } = personOf(who, 'share.accept')
    const { id, sandboxId, tenantId, level } = await this.#bySecret(secret)
    await requireNotManaged(this.database.prisma, userId, tenantId)
    const { rowCount } = await inTransaction(this.database.pool, async (client) => {
      await client.query(lockShare, [id])
      return client.query(join, [id, userId])
    })
    if (rowCount !== 1) {
      await this.#bySecret(secret)
      throw new ApiError('conflict', `at most ${maxGuests} people can use one link; ask for another link`)
    }
    this.sandboxes.shares.forget()
    const entry = { tenantId, actor: who.actor }
    await audit(this.database.prisma, entry, 'share.accept', sandboxId, { share: id, level })
    return { sandboxId }
  }

  /**
   * The caller is in a sandbox no more, whichever shares they came by.
   * @throws ApiError `not_found` when it is not shared with them
   */
  async leave(who: Principal, sandboxId: string): Promise<void> {
    const { userId } = personOf(who, 'share.leave')
    const guests = await this.database.prisma.shareGuest.findMany({
      where: { userId, sandboxId },
      include: { share: { select: { tenantId: true } } },
    })
    const [first] = guests
    if (first === undefined) throw notFound('sandbox')
    await this.database.prisma.shareGuest.deleteMany({ where: { userId, sandboxId } })
    await this.#cutOff(sandboxId)
    const entry = { tenantId: first.share.tenantId, actor: who.actor }
    await audit(this.database.prisma, entry, 'share.leave', sandboxId)
  }

  /** What others have shared with the caller, each sandbox once. */
  async received(who: Principal): Promise<ReceivedShare[]> {
    const { userId } = personOf(who, 'share.received')
    const { rows } = await this.database.pool.query(received, [userId])
    const seen = new Set<string>()
    return z
      .array(receivedRow)
      .parse(rows)
      .filter(({ sandboxId }) => !seen.has(sandboxId) && seen.add(sandboxId))
      .map(({ expiresAt, ...one }) => ({ ...one, expiresAt: expiresAt.toISOString() }))
  }

  /** Other servers are told by the database, and this one need not wait for that. */
  async #cutOff(sandboxId: string): Promise<void> {
    this.sandboxes.shares.forget()
    await this.sandboxes.guests.check((one) => one.sandboxId === sandboxId)
  }

  async #memberOf({ tenantId }: Principal, email: string): Promise<string> {
    const found = await this.database.prisma.member.findFirst({
      where: { tenantId, user: { email: email.toLowerCase() } },
      select: { userId: true },
    })
    if (found === null) {
      throw new ApiError('not_found', `${email} is not a member of the tenant; invite them, or make a link`)
    }
    return found.userId
  }

  /** Of a sandbox that the caller sees. @throws ApiError `not_found` */
  async #own(who: Principal, id: string): Promise<{ sandboxId: string }> {
    const row = await this.database.prisma.share.findUnique({
      where: { id },
      include: { sandbox: { select: { ownerId: true } } },
    })
    return ofTenant(who, row && { ...row, ownerId: row.sandbox.ownerId }, 'share')
  }

  #row(id: string): Promise<Row> {
    return this.database.prisma.share.findUniqueOrThrow({ where: { id }, include: withGuests })
  }

  async #bySecret(secret: string) {
    const found = await this.database.prisma.share.findUnique({
      where: { hash: sha256(secret) },
      include: { sandbox: { select: { name: true, deletedAt: true, ownerId: true } } },
    })
    if (found === null || found.expiresAt <= new Date() || found.sandbox.deletedAt !== null)
      throw linkIsOver()
    const { tenantId, memberId, keyId, sandbox } = found
    const { rows } = await this.database.pool.query('SELECT sharer_sees($1, $2, $3, $4) AS sees', [
      ...[tenantId, memberId, keyId, sandbox.ownerId],
    ])
    if (rows[0]?.sees !== true) throw linkIsOver()
    return found
  }
}

const present = (row: Row): Share => ({
  id: row.id,
  sandboxId: row.sandboxId,
  level: shareLevel.parse(row.level),
  kind: row.hash === null ? 'member' : 'link',
  createdBy: row.createdBy,
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt.toISOString(),
  guests: row.guests.map(({ user, joinedAt }) => ({
    ...{ userId: user.id, name: user.name, email: addressOf(user), joinedAt: joinedAt.toISOString() },
  })),
})
