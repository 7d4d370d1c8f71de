import type { SignInCard } from '../../protocol/api/index.js'
import { newId } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { PasswordHash } from '../auth/auth.js'
import { newCardCode } from '../auth/codes.js'
import type { Principal, Principals } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { seatIn } from './access.js'

/** Cards by which students sign in who have no e-mail address. */
export class Cards {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
    private readonly hashing: () => Promise<PasswordHash>,
    private readonly publicUrl: string,
  ) {}

  /**
   * A new code for each of these students. The one before ends, with every session of the account. Codes are told this once; only
   * their hashes are kept.
   *
   * @throws ApiError `conflict` when one has an account of their own, or none yet: these sign in with an address
   */
  async make(who: Principal, classId: string, ids: readonly string[]): Promise<SignInCard[]> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { tenantId } = who
    const students = await this.database.prisma.classMember.findMany({
      where: { classId, id: { in: [...ids] }, role: 'student' },
      include: { member: { include: { user: true } } },
    })
    if (students.length < new Set(ids).size) throw notFound('student')
    const hashing = await this.hashing()
    const cards = await Promise.all(
      students.map(async ({ id, name, member }) => {
        const user = member?.user
        if (user === undefined || user.username === null || user.managedById !== tenantId) {
          throw new ApiError('conflict', `${name} signs in with an e-mail address, and has no card`)
        }
        const code = newCardCode()
        return { id, name, userId: user.id, username: user.username, code, hash: await hashing.hash(code) }
      }),
    )
    const logins = cards.map(({ userId, hash }) => ({ id: newId('ac'), userId, hash }))
    await inTransaction(this.database.pool, async (client) => {
      const userIds = cards.map(({ userId }) => userId)
      // Of two at once the later one's codes work, and no account gets two.
      await client.query('SELECT FROM "user" WHERE id = ANY($1) ORDER BY id FOR UPDATE', [userIds])
      await client.query(`DELETE FROM account WHERE "userId" = ANY($1) AND "providerId" = 'credential'`, [
        userIds,
      ])
      await client.query(
        `INSERT INTO account (id, "accountId", "providerId", "userId", password, "updatedAt")
         SELECT id, "userId", 'credential', "userId", hash, now() AT TIME ZONE 'UTC'
         FROM jsonb_to_recordset($1::JSONB) AS one(id TEXT, "userId" TEXT, hash TEXT)`,
        [JSON.stringify(logins)],
      )
      await client.query('DELETE FROM session WHERE "userId" = ANY($1)', [userIds])
      await client.query('DELETE FROM password_reset WHERE "userId" = ANY($1)', [userIds])
    })
    for (const { userId } of cards) this.principals.forget({ userId })
    await audit(this.database.prisma, who, 'class.cards', classId, {
      ...{ class: row.name, count: cards.length, of: cards.map(({ username }) => username).join(' ') },
    })
    const order = new Map(ids.map((id, at) => [id, at]))
    return cards
      .toSorted((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0))
      .map(({ id, name, username, code }) => ({
        ...{ student: id, name, signInName: username, code },
        // Behind `#`, where no server and no log sees it.
        url: `${this.publicUrl}/card#${username}.${code}`,
      }))
  }
}
