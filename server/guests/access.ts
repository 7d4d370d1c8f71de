import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { type ShareLevel, shareLevel } from '../../protocol/api/index.js'
import { isInExam } from '../auth/exams.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'

/** What was looked up is believed for this long while notices are not heard. */
const believedMs = 5000
const maxBelieved = 10_000

const grantRow = z.object({ level: shareLevel, expiresAt: z.date() })
type Grant = z.infer<typeof grantRow>

/** A share with a member ends with the membership. Each counts while whoever made it sees the sandbox's owner. */
const grantsOf = `
  SELECT share.level, share."expiresAt"
  FROM share_guest AS guest JOIN share ON share.id = guest."shareId" JOIN sandbox ON sandbox.id = share."sandboxId"
  WHERE guest."userId" = $1 AND guest."sandboxId" = $2 AND share."expiresAt" > now() AT TIME ZONE 'UTC'
    AND (share.hash IS NOT NULL OR EXISTS (
      SELECT FROM member WHERE member."userId" = guest."userId" AND member."tenantId" = share."tenantId"))
    AND sharer_sees(share."tenantId", share."memberId", share."keyId", sandbox."ownerId")`

/** Not of a session or key only. It may be who shared something, whose role or classes have changed. */
export const isOfPeople = (told: { userId?: string | undefined; tenantId?: string | undefined }): boolean =>
  told.userId !== undefined || told.tenantId !== undefined

/** What somebody may by the shares of a sandbox that they have accepted, now and until they expire. */
export class Shared {
  constructor(private readonly grants: readonly Grant[]) {}

  /** @returns undefined when all of them are over */
  get level(): ShareLevel | undefined {
    const live = this.#live()
    if (live.length === 0) return undefined
    return live.some(({ level }) => level === 'type') ? 'type' : 'look'
  }

  /** When the last of them is over. */
  get endsAt(): number {
    return Math.max(0, ...this.grants.map(({ expiresAt }) => expiresAt.getTime()))
  }

  #live(): Grant[] {
    return this.grants.filter(({ expiresAt }) => expiresAt.getTime() > Date.now())
  }
}

/** Which sandboxes of other tenants somebody may be in. Only people can: a key belongs to one tenant. */
export class ShareAccess {
  readonly #found = new LRUCache<string, Shared>({ max: maxBelieved, ttl: believedMs })
  /** Counts changes: what was read before one is not kept after it. */
  #changes = 0

  constructor(
    private readonly database: Database,
    notices: Notices,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'share' || (told.type === 'access' && isOfPeople(told))) this.forget()
    })
    notices.on('missed', () => this.forget())
  }

  /** Drops what is known. */
  forget(): void {
    this.#changes++
    this.#found.clear()
  }

  async of(who: Pick<Principal, 'userId' | 'tenantId' | 'sight'>, sandboxId: string): Promise<Shared> {
    const { userId } = who
    // Whoever writes an exam has nothing that was shared with them.
    if (userId === null || isInExam(who)) return new Shared([])
    const key = `${userId} ${sandboxId}`
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const changes = this.#changes
    const { rows } = await this.database.pool.query({
      ...{ name: 'grants-of-guest', text: grantsOf, values: [userId, sandboxId] },
    })
    const shared = new Shared(z.array(grantRow).parse(rows))
    if (changes === this.#changes && rows.length > 0) this.#found.set(key, shared)
    return shared
  }
}
