import { LRUCache } from 'lru-cache'
import { sha256 } from '../../common/digest.js'
import {
  type IdlePolicy,
  idlePolicy,
  type KeyLimits,
  type Role,
  role as roleSchema,
} from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { requireDatabase } from '../database/unavailable.js'
import { ApiError } from '../errors.js'
import { addressOf } from './address.js'
import { type Auth, sessionCookieName } from './auth.js'
import { type Carrier, type Credential, cookieOf, credentialOf, digestOf, earlier } from './credential.js'
import { limitsOf } from './key-limits.js'
import { type Sight, sightOf, wholeSight } from './sight.js'

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
  /** Null for a user. */
  readonly keyId: string | null
  /** What bounds the key beside what whoever made it may; null: nothing. */
  readonly keyLimits: KeyLimits | null
  /** May read the audit log and the secret of callbacks. Of a key: what whoever made it may do. */
  readonly readsAdministration: boolean
  /** Its tenant wants an entry of each command in the audit log. */
  readonly auditsCommands: boolean
  /** When a new sandbox of the tenant is put to sleep, unless the call says otherwise. */
  readonly idle: IdlePolicy | null
  /** Whose work they see, of the students of the tenant. */
  readonly sight: Sight
  /** A program calls by itself, as a page that is open with nobody at it: what it calls about is not in use by that. */
  readonly unattended?: boolean
  /** It comes by SSH: its connection, and the one sandbox that it is worth. */
  readonly ssh?: { readonly id: string; readonly sandboxId: string }
}

/** Whose access has changed. An entry that matches one of these is looked up again. */
export interface Change {
  readonly userId?: string | undefined
  readonly sessionId?: string | undefined
  readonly keyId?: string | undefined
  readonly tenantId?: string | undefined
}

const administers = new Set(['owner', 'admin'])

/** A credential that was good is believed for this long, so that one is not looked up for every keystroke. */
const believedMs = 5000
const maxBelieved = 10_000
/** `lastUsedAt` of a key is as exact as this. */
const usedEveryMs = 60_000

/** What is read of a tenant with whoever calls. */
const ofTenants = { auditCommands: true, idle: true } as const

/** A tenant that never said anything has what the installation has, and one that wants its sandboxes awake has a policy without times. */
export function idleOf(stored: unknown, ofInstallation: IdlePolicy | null): IdlePolicy | null {
  if (stored === null) return ofInstallation
  const policy = idlePolicy.parse(stored)
  return Object.keys(policy).length === 0 ? null : policy
}

/** A principal, and what it stands and falls with. */
interface Identified {
  readonly principal: Principal
  /** Who made the key. */
  readonly creatorId: string | null
  readonly expiresAt: Date | null
  /** The only door that lets it in; null: every one. */
  readonly door: Door | null
}

/** Where a credential is shown. What a program was given by OAuth is for `/mcp`, and worth nothing elsewhere. */
type Door = 'mcp' | 'other'

/** The door that an address of this server is behind. */
export const doorOf = (url: string): Door => (url.split('?')[0] === '/mcp' ? 'mcp' : 'other')

/** Finds out who is calling. */
export class Principals {
  readonly #believed = new LRUCache<string, Identified>({ max: maxBelieved, ttl: believedMs })
  /** Counts changes: what was read before one is not kept after it. */
  #changes = 0
  readonly #cookieName: string
  readonly #listeners = new Set<() => void>()

  constructor(
    private readonly auth: Auth,
    private readonly database: Database,
    publicUrl: string,
    notices: Notices,
    /** When new sandboxes are put to sleep of tenants that say nothing. */
    readonly idle: IdlePolicy | null = null,
  ) {
    this.#cookieName = sessionCookieName(publicUrl)
    notices.on('notice', (told) => {
      if (told.type === 'access') this.forget(told)
      else if (told.type === 'tenant') this.forget({ tenantId: told.id })
    })
    notices.on('missed', () => this.forget())
  }

  /** What a request is identified by; undefined when it is anonymous. @throws ApiError `invalid_request` */
  credentialOf(request: Carrier, token?: string): Credential | undefined {
    return credentialOf(request, this.#cookieName, token)
  }

  /** The session's cookie, also when a key is sent with it. @throws ApiError `invalid_request` */
  cookieOf(request: Carrier): { name: string; value: string } | undefined {
    const value = cookieOf(request, this.#cookieName)
    return value === undefined ? undefined : { name: this.#cookieName, value }
  }

  /**
   * @param request or the handshake of a socket
   * @param token a key that came by another way than a header, such as socket.io's `auth`
   * @throws ApiError `unauthenticated`
   */
  async identify(request: Carrier, token?: string, door: Door = 'other'): Promise<Principal> {
    const { principal, door: only } = await this.#identified(request, token)
    if (only === null || only === door) return principal
    throw new ApiError('unauthenticated', 'this access token is for /mcp; send an API key')
  }

  async #identified(request: Carrier, token: string | undefined): Promise<Identified> {
    const credential = this.credentialOf(request, token)
    if (credential === undefined) {
      throw new ApiError('unauthenticated', 'sign in, or send an API key as `Authorization: Bearer <key>`')
    }
    const digest = digestOf(credential)
    const known = this.#believed.get(digest)
    if (known !== undefined) return known
    const changes = this.#changes
    const { secret } = credential
    const found =
      credential.kind === 'key' ? await this.#ofKey({ hash: sha256(secret) }) : await this.#ofSession(secret)
    if (changes !== this.#changes) return found
    const leftMs = found.expiresAt === null ? believedMs : found.expiresAt.getTime() - Date.now()
    // The cache takes a time to live of 0 for no end.
    if (leftMs > 0) this.#believed.set(digest, found, { ttl: Math.min(believedMs, leftMs) })
    return found
  }

  #wishesOf({ auditCommands, idle }: { auditCommands: boolean; idle: unknown }) {
    return { auditsCommands: auditCommands, idle: idleOf(idle, this.idle) }
  }

  #sightOf(tenantId: string, userId: string | null, role: string): Promise<Sight> {
    return sightOf(this.database.pool, tenantId, userId, roleSchema.parse(role))
  }

  /** The session that a request's cookie stands for, also when a key is sent with it. */
  async sessionOf(request: Carrier): Promise<{ sessionId: string; userId: string } | undefined> {
    const cookie = this.cookieOf(request)
    if (cookie === undefined) return undefined
    const found = await this.#session(cookie.value)
    return found === null ? undefined : { sessionId: found.session.id, userId: found.user.id }
  }

  /** @throws ApiError `database_unavailable` */
  requireDatabase(): Promise<void> {
    return requireDatabase(this.database.pool)
  }

  /**
   * Forgets what was believed of somebody whose key, membership or session has changed, with the keys that a person
   * made; nobody else is looked up again.
   *
   * @param change everybody when it is not given
   */
  forget(change?: Change): void {
    this.#changes++
    // A copy: the cache must not lose entries while it is walked.
    for (const [digest, { principal, creatorId }] of [...this.#believed]) {
      const concerned =
        change === undefined ||
        (change.userId !== undefined && [principal.userId, creatorId].includes(change.userId)) ||
        (change.sessionId !== undefined && principal.sessionId === change.sessionId) ||
        (change.keyId !== undefined && principal.keyId === change.keyId) ||
        (change.tenantId !== undefined && principal.tenantId === change.tenantId)
      if (concerned) this.#believed.delete(digest)
    }
    for (const listener of this.#listeners) listener()
  }

  /** @returns stops it */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Who has signed something earlier, as they are now.
   * @returns undefined when the key, the membership or the tenant is gone, or the tenant is paused
   */
  async again(signer: {
    tenantId: string
    userId: string | null
    keyId: string | null
  }): Promise<Principal | undefined> {
    const { tenantId, userId, keyId } = signer
    const { prisma } = this.database
    const tenant = await prisma.tenant.findUnique({ where: { id: tenantId }, select: { paused: true } })
    if (tenant === null || tenant.paused) return undefined
    if (keyId !== null) {
      const found = await this.#ofKey({ id: keyId, tenantId }).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'unauthenticated') return undefined
        throw error
      })
      return found?.principal
    }
    const member = await prisma.member.findFirst({
      where: { tenantId, userId: userId ?? '' },
      include: { user: true, tenant: { select: ofTenants } },
    })
    if (member === null) return undefined
    return {
      ...{ kind: 'user', userId, sessionId: null, actor: addressOf(member.user), tenantId },
      ...{ role: roleSchema.parse(member.role), operator: false, keyId: null },
      ...{ keyLimits: null, readsAdministration: false },
      sight: await this.#sightOf(tenantId, userId, member.role),
      ...this.#wishesOf(member.tenant),
    }
  }

  async #ofKey(which: { hash: string } | { id: string; tenantId: string }): Promise<Identified> {
    const key = await this.database.prisma.apiKey.findUnique({
      where: which,
      include: {
        createdBy: { include: { members: { select: { tenantId: true, role: true } } } },
        tenant: { select: ofTenants },
      },
    })
    if (key === null) throw new ApiError('unauthenticated', 'the API key is unknown or was deleted')
    if (key.expiresAt !== null && key.expiresAt.getTime() < Date.now()) {
      throw new ApiError('unauthenticated', `the API key expired at ${key.expiresAt.toISOString()}`)
    }
    const { accessUntil } = key
    if ('hash' in which && accessUntil !== null && accessUntil.getTime() < Date.now()) {
      throw new ApiError('unauthenticated', 'the access token has expired; refresh it')
    }
    const creator = key.createdBy
    const membership = creator?.members.find((one) => one.tenantId === key.tenantId)
    if (creator !== null && membership === undefined) {
      throw new ApiError(
        'unauthenticated',
        'whoever created this API key is no longer a member of its tenant; ask an admin for a new key',
      )
    }
    if (membership?.role === 'student') {
      throw new ApiError(
        'unauthenticated',
        'whoever created this API key is a student now, and students have none',
      )
    }
    if (key.lastUsedAt === null || Date.now() - key.lastUsedAt.getTime() > usedEveryMs) {
      await this.database.prisma.apiKey.updateMany({
        where: { id: key.id },
        data: { lastUsedAt: new Date() },
      })
    }
    const { tenantId } = key
    return {
      creatorId: key.createdById,
      expiresAt: earlier(key.expiresAt, accessUntil),
      door: key.client === null ? null : 'mcp',
      principal: {
        ...{ kind: 'key', userId: null, sessionId: null, actor: `key ${key.name}` },
        ...{ tenantId, role: 'member', keyId: key.id, keyLimits: limitsOf(key.limits) },
        operator: key.operator && creator?.operator !== false,
        readsAdministration: membership === undefined || administers.has(membership.role),
        sight:
          membership === undefined
            ? wholeSight()
            : await this.#sightOf(tenantId, key.createdById, membership.role),
        ...this.#wishesOf(key.tenant),
      },
    }
  }

  /** better-auth is shown nothing but the cookie that the answer is kept for. */
  #session(secret: string) {
    return this.auth.api
      .getSession({ headers: new Headers({ cookie: `${this.#cookieName}=${secret}` }) })
      .catch(async (error: unknown) => {
        await this.requireDatabase()
        throw error
      })
  }

  async #ofSession(secret: string): Promise<Identified> {
    const found = await this.#session(secret)
    if (found === null) throw new ApiError('unauthenticated', 'the session has ended; sign in again')
    const { user, session } = found
    if (Date.now() - session.updatedAt.getTime() > usedEveryMs) {
      await this.database.prisma.session.updateMany({
        where: { id: session.id },
        data: { updatedAt: new Date() },
      })
    }
    const memberships = await this.database.prisma.member.findMany({
      where: { userId: user.id },
      include: { tenant: { select: ofTenants } },
      orderBy: { createdAt: 'asc' },
    })
    const member = memberships.find((one) => one.tenantId === session.activeTenantId) ?? memberships[0]
    if (member === undefined) {
      throw new ApiError(
        'forbidden',
        'you are not a member of any tenant; create one, or ask an owner for an invitation',
      )
    }
    return {
      ...{ creatorId: null, door: null },
      expiresAt: session.expiresAt,
      principal: {
        ...{ kind: 'user', userId: user.id, sessionId: session.id, actor: addressOf(user) },
        tenantId: member.tenantId,
        role: roleSchema.parse(member.role),
        operator: user.operator === true,
        ...{ keyId: null, keyLimits: null },
        readsAdministration: administers.has(member.role),
        sight: await this.#sightOf(member.tenantId, user.id, member.role),
        ...this.#wishesOf(member.tenant),
      },
    }
  }
}
