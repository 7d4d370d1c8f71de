import { sha256 } from '../../common/digest.js'
import type { PasswordHash } from '../auth/auth.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'

const windowSeconds = 60
const triesMax = 10

/** Counts a try before it is known whether the password is right, so that of many at once, at any server, no more are tried. */
const count = `
  INSERT INTO sign_in_attempt AS known (key, count, "checkedAt") VALUES ($1, 1, clock_timestamp() AT TIME ZONE 'UTC')
  ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN known."checkedAt" < excluded."checkedAt" - interval '${windowSeconds} seconds' THEN 1 ELSE known.count + 1 END,
    "checkedAt" = CASE WHEN known."checkedAt" < excluded."checkedAt" - interval '${windowSeconds} seconds' THEN excluded."checkedAt"
      ELSE known."checkedAt" END
  RETURNING count, extract(epoch FROM "checkedAt" + interval '${windowSeconds} seconds' - clock_timestamp() AT TIME ZONE 'UTC')::FLOAT8 AS wait`

/** Passwords of accounts: checked where something asks for one once more, and replaced. */
export class Passwords {
  constructor(
    private readonly database: Database,
    private readonly hashing: () => Promise<PasswordHash>,
  ) {}

  /** @throws ApiError `forbidden` when it is not the account's password, `rate_limited` after ten wrong ones in a minute */
  async check(userId: string, password: string): Promise<void> {
    // A stolen session must not be able to guess.
    const key = sha256(`password ${userId}`)
    const { rows } = await this.database.pool.query(count, [key])
    const { count: tries, wait } = rows[0]
    if (tries > triesMax) {
      throw new ApiError(
        'rate_limited',
        'too many wrong passwords; wait one minute, then try again',
        Math.max(1, wait),
      )
    }
    const account = await this.#account(userId)
    const hashing = await this.hashing()
    if (account?.password && (await hashing.verify({ hash: account.password, password }))) {
      await this.database.pool.query('DELETE FROM sign_in_attempt WHERE key = $1', [key])
      return
    }
    throw new ApiError('forbidden', 'the current password is wrong')
  }

  /**
   * Sets a password and ends sessions, in one transaction: whoever knew the old one is out.
   *
   * @param keepSessionId the session that goes on: the one that asked
   */
  async replace(userId: string, password: string, keepSessionId: string | null): Promise<void> {
    const hash = await (await this.hashing()).hash(password)
    const { prisma } = this.database
    const account = await this.#account(userId)
    if (account === null) throw new ApiError('conflict', 'this account does not sign in with a password')
    await prisma.$transaction([
      prisma.account.update({ where: { id: account.id }, data: { password: hash } }),
      prisma.session.deleteMany({
        where: { userId, ...(keepSessionId === null ? {} : { id: { not: keepSessionId } }) },
      }),
      prisma.passwordReset.deleteMany({ where: { userId } }),
    ])
  }

  #account(userId: string) {
    return this.database.prisma.account.findFirst({ where: { userId, providerId: 'credential' } })
  }
}
