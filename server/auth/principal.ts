import { createHash } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { type Role, role as roleSchema } from '../../protocol/index.js'
import type { Database } from '../database/client.js'
import { requireDatabase } from '../database/unavailable.js'
import { ApiError } from '../errors.js'
import type { Auth } from './auth.js'

/** Who makes a call, and for which tenant. */
export interface Principal {
  readonly kind: 'user' | 'key'
  /** Null for a key. */
  readonly userId: string | null
  readonly sessionId: string | null
  /** E-mail address of the user or name of the key, for the audit log. */
  readonly actor: string
  readonly tenantId: string
  readonly role: Role
  /** May call `/admin/*`. */
  readonly operator: boolean
}

/** A credential that was good is believed for this long, so that one is not looked up for every keystroke. */
const believedMs = 5000
const maxBelieved = 10_000
/** `lastUsedAt` of a key is as exact as this. */
const usedEveryMs = 60_000

/** Finds out who is calling. */
export class Principals {
  readonly #believed = new Map<string, { principal: Principal; until: number }>()

  constructor(
    private readonly auth: Auth,
    private readonly database: Database,
  ) {}

  /**
   * @param headers those of a request or of a socket's handshake
   * @param token a key that came by another way than a header, such as socket.io's `auth`
   * @throws ApiError `unauthenticated`
   */
  async identify(headers: IncomingHttpHeaders, token?: string): Promise<Principal> {
    const key = token ?? bearer(headers)
    const credential = key ?? sessionCookie(headers)
    if (credential === undefined) {
      throw new ApiError('unauthenticated', 'sign in, or send an API key as `Authorization: Bearer <key>`')
    }
    const hash = sha256(credential)
    const known = this.#believed.get(hash)
    if (known !== undefined && known.until > performance.now()) return known.principal
    const principal = key === undefined ? await this.#ofSession(headers) : await this.#ofKey(hash)
    if (this.#believed.size >= maxBelieved) this.#believed.clear()
    this.#believed.set(hash, { principal, until: performance.now() + believedMs })
    return principal
  }

  /** Forgets what was believed: called whenever a key, a membership or a session changes. */
  forget(): void {
    this.#believed.clear()
  }

  /** @throws ApiError `database_unavailable` */
  requireDatabase(): Promise<void> {
    return requireDatabase(this.database.pool)
  }

  async #ofKey(hash: string): Promise<Principal> {
    const key = await this.database.prisma.apiKey.findUnique({ where: { hash } })
    if (key === null) throw new ApiError('unauthenticated', 'the API key is unknown or was deleted')
    if (key.expiresAt !== null && key.expiresAt.getTime() < Date.now()) {
      throw new ApiError('unauthenticated', `the API key expired at ${key.expiresAt.toISOString()}`)
    }
    if (key.lastUsedAt === null || Date.now() - key.lastUsedAt.getTime() > usedEveryMs) {
      await this.database.prisma.apiKey.update({ where: { hash }, data: { lastUsedAt: new Date() } })
    }
    const { tenantId, operator } = key
    return {
      kind: 'key',
      userId: null,
      sessionId: null,
      actor: `key ${key.name}`,
      tenantId,
      role: 'member',
      operator,
    }
  }

  async #ofSession(headers: IncomingHttpHeaders): Promise<Principal> {
    const found = await this.auth.api
      .getSession({ headers: new Headers({ cookie: headers.cookie ?? '' }) })
      .catch(async (error: unknown) => {
        await this.requireDatabase()
        throw error
      })
    if (found === null) throw new ApiError('unauthenticated', 'the session has ended; sign in again')
    const { user, session } = found
    const memberships = await this.database.prisma.member.findMany({
      where: { userId: user.id },
      orderBy: { createdAt: 'asc' },
    })
    const member = memberships.find((one) => one.tenantId === session.activeTenantId) ?? memberships[0]
    if (member === undefined) {
      throw new ApiError('forbidden', 'you are a member of no tenant; ask an owner for an invitation')
    }
    return {
      ...{ kind: 'user', userId: user.id, sessionId: session.id, actor: user.email },
      tenantId: member.tenantId,
      role: roleSchema.parse(member.role),
      operator: user.operator === true,
    }
  }
}

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('base64url')

function bearer(headers: IncomingHttpHeaders): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** The session's cookie; two names because the secure one has a prefix that browsers hold to HTTPS. */
export function sessionCookie(headers: IncomingHttpHeaders): string | undefined {
  return /(?:^|;\s*)(?:__Secure-)?cloche\.session_token=([^;]+)/.exec(headers.cookie ?? '')?.[1]
}
