import type { IncomingMessage } from 'node:http'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import { type PortVisibility, portVisibility, role } from '../../protocol/api/index.js'
import { type Asking, assertMay, belongsTo, guestMay, ofTenant } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import { sightOf } from '../auth/sight.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { ApiError } from '../errors.js'
import type { ShareAccess } from '../guests/access.js'
import { previewCookiesOf } from './cookies.js'
import { keyOf, type PortTarget } from './target.js'

/** What was looked up is believed for this long while notices are not heard. */
const believedMs = 5000
const maxBelieved = 10_000

/** A sandbox, and who may open its port. */
export interface Found {
  readonly tenantId: string
  readonly ownerId: string
  readonly assignmentId: string | null
  readonly keyId: string | null
  readonly nodeId: string | null
  readonly visibility: PortVisibility
  /** Of `public`. */
  readonly expiresAt: Date | null
}

/** Who was let in: null for anybody, at a port that is public. */
export interface Admitted {
  readonly found: Found
  readonly who: Principal | null
}

const foundRow = z.object({
  tenantId: z.string(),
  ownerId: z.string(),
  assignmentId: z.string().nullable(),
  keyId: z.string().nullable(),
  nodeId: z.string().nullable(),
  visibility: portVisibility.nullable(),
  expiresAt: z.date().nullable(),
})
const sessionRow = z.object({
  ...{ sessionId: z.string(), userId: z.string(), email: z.string(), tenantId: z.string(), role },
})

const sandboxOfPort = `
  SELECT sandbox."tenantId", sandbox."ownerId", sandbox."assignmentId", sandbox."keyId", sandbox."nodeId", share.visibility,
    share."expiresAt"
  FROM sandbox LEFT JOIN port_share AS share ON share."sandboxId" = sandbox.id AND share.port = $2
    AND sharer_sees(share."tenantId", share."memberId", share."keyId", sandbox."ownerId")
  WHERE sandbox.id = $1 AND sandbox."deletedAt" IS NULL`
/**
 * The session is asked too: a cookie of a preview is worth what the session is worth that it was made from. Whoever is no
 * member of the sandbox's tenant comes from a tenant of their own.
 */
const sessionOfCookie = `
  SELECT session.id AS "sessionId", session."userId", "user".email, member.role, member."tenantId"
  FROM preview_session AS preview JOIN session ON session.id = preview."sessionId"
  JOIN "user" ON "user".id = session."userId"
  JOIN member ON member."userId" = session."userId"
  WHERE preview.hash = $1 AND preview."sandboxId" = $2 AND preview.port = $3
    AND preview."expiresAt" > now() AT TIME ZONE 'UTC' AND session."expiresAt" > now() AT TIME ZONE 'UTC'
  ORDER BY member."tenantId" = $4 DESC, member."createdAt" LIMIT 1`

/** Decides who may open a port. */
export class PreviewAccess {
  readonly #found = new LRUCache<string, Found>({ max: maxBelieved, ttl: believedMs })
  readonly #sessions = new LRUCache<string, Principal>({ max: maxBelieved, ttl: believedMs })
  /** Counts changes: what was read before one is not kept after it. */
  #changes = 0

  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
    private readonly shares: ShareAccess,
    notices: Notices,
    private readonly secure: boolean,
  ) {
    notices.on('notice', (told) => {
      if (told.type === 'sandbox' || told.type === 'port') this.forget()
    })
    notices.on('missed', () => this.#forgetAll())
    principals.onChange(() => this.#forgetAll())
  }

  /** Drops what is known of sandboxes and ports. */
  forget(): void {
    this.#changes++
    this.#found.clear()
  }

  #forgetAll(): void {
    this.forget()
    this.#sessions.clear()
  }

  /**
   * Lets a request in or not. One that does not exist is answered as one that is private.
   * @param withCookie whether it came by the preview's own origin
   * @throws ApiError `unauthenticated`, `forbidden`; `not_found` for a key of another tenant
   */
  async admit(request: IncomingMessage, target: PortTarget, withCookie: boolean): Promise<Admitted> {
    if (carriesKey(request)) {
      const who = await this.principals.identify(request)
      const found = ofTenant(who, await this.find(target), 'sandbox')
      assertMay(who, 'port.open')
      return { found, who }
    }
    const found = await this.find(target)
    if (found !== undefined && withCookie) {
      for (const cookie of previewCookiesOf(request, this.secure)) {
        const who = await this.#ofCookie(cookie, target, found)
        if (who !== undefined && (await this.#mayOpen(who, target, found))) return { found, who }
      }
    }
    if (found !== undefined && isPublic(found)) return { found, who: null }
    throw new ApiError(
      'unauthenticated',
      'this port is private; open it from Cloche, or send an API key as `Authorization: Bearer <key>`',
    )
  }

  /** Members may, and guests whose share allows it, while the port is for whoever works in the sandbox. */
  async #mayOpen(who: Principal, { sandboxId }: PortTarget, found: Found): Promise<boolean> {
    if (!isGuest(who, found)) return true
    // At a port that is public they are anybody, and stay when their share ends.
    if (found.visibility === 'tenant' || isPublic(found)) return false
    const { level } = await this.shares.of(who, sandboxId)
    return level !== undefined && guestMay(level, 'port.open')
  }

  async find(target: PortTarget): Promise<Found | undefined> {
    const key = keyOf(target)
    const known = this.#found.get(key)
    if (known !== undefined) return known
    const changes = this.#changes
    const { rows } = await this.database.pool.query({
      ...{ name: 'sandbox-of-port', text: sandboxOfPort, values: [target.sandboxId, target.port] },
    })
    if (rows[0] === undefined) return undefined
    const row = foundRow.parse(rows[0])
    const found = { ...row, visibility: row.visibility ?? 'private' }
    if (changes === this.#changes) this.#found.set(key, found)
    return found
  }

  async #ofCookie(cookie: string, target: PortTarget, { tenantId }: Found): Promise<Principal | undefined> {
    const hash = sha256(cookie)
    const key = `${hash} ${keyOf(target)}`
    const known = this.#sessions.get(key)
    if (known !== undefined) return known
    const changes = this.#changes
    const { rows } = await this.database.pool.query({
      ...{ name: 'session-of-preview', text: sessionOfCookie },
      values: [hash, target.sandboxId, target.port, tenantId],
    })
    if (rows[0] === undefined) return undefined
    const { email, ...member } = sessionRow.parse(rows[0])
    const who: Principal = {
      ...{ kind: 'user', ...member, actor: email, keyId: null, keyLimits: null },
      ...{ operator: false, readsAdministration: false, auditsCommands: false, idle: null },
      sight: await sightOf(this.database.pool, member.tenantId, member.userId, member.role),
    }
    if (who.tenantId === tenantId) assertMay(who, 'port.open') // and whose it is, `isGuest` says
    if (changes === this.#changes) this.#sessions.set(key, who)
    return who
  }
}

/** Whether somebody is no member of the tenant that the sandbox is of, or a student whose own it is not. */
export const isGuest = (
  who: Asking,
  found: Pick<Found, 'tenantId' | 'ownerId' | 'assignmentId' | 'keyId'>,
): boolean => !belongsTo(who, found)

/** Whether anybody may open it now. */
export const isPublic = ({ visibility, expiresAt }: Found): boolean =>
  visibility === 'public' && (expiresAt === null || expiresAt.getTime() > Date.now())

/** Keys of the platform. Whatever else is in `Authorization` is between the visitor and the app. */
export const carriesKey = ({ headers }: IncomingMessage): boolean =>
  /^Bearer\s+cl[kor]_/i.test(headers.authorization ?? '')
