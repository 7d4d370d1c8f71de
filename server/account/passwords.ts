import { LRUCache } from 'lru-cache'
import type { PasswordHash } from '../auth/auth.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'

const windowMs = 60_000
const triesMax = 10
const peopleMax = 10_000

/** Passwords of accounts: checked where something asks for one once more, and replaced. */
export class Passwords {
  /** Wrong passwords of late, by person: a stolen session must not be able to guess. */
  readonly #wrong = new LRUCache<string, number>({ max: peopleMax, ttl: windowMs, noUpdateTTL: true })

  constructor(
    private readonly database: Database,
    private readonly hashing: () => Promise<PasswordHash>,
  ) {}

  /** @throws ApiError `forbidden` when it is not the account's password, `rate_limited` after ten wrong ones in a minute */
  async check(userId: string, password: string): Promise<void> {
    const wrong = this.#wrong.get(userId) ?? 0
    if (wrong >= triesMax) {
      throw new ApiError(
        'rate_limited',
        'too many wrong passwords; wait one minute, then try again',
        this.#wrong.getRemainingTTL(userId) / 1000,
      )
    }
    // Counted before it is known, so that of many at once no more are tried.
    this.#wrong.set(userId, wrong + 1)
    const account = await this.#account(userId)
    const hashing = await this.hashing()
    if (account?.password && (await hashing.verify({ hash: account.password, password }))) {
      this.#wrong.delete(userId)
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
