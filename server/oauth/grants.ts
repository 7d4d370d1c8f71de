import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import { type CreateGrant, type GrantRequest, type grantPreview, newId } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import { storeAnother } from '../tenants/bounds.js'
import { type Client, type Clients, hostOf, isRegistered } from './clients.js'
import { OAuthError } from './errors.js'

const codeMs = 60_000
/** Of an access token. Whoever takes one has it for this long at most. */
export const accessSeconds = 3600
const dayMs = 24 * 3600 * 1000
/** Enough to tell keys apart, and nothing to guess the rest from. */
const startLength = 12

/** What the token endpoint answers. */
export interface Tokens {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly refresh_token: string
  readonly scope: string
}

const secret = (prefix: string) => `${prefix}_${randomBytes(32).toString('base64url')}`

/**
 * Grants of people to programs, by OAuth 2.1 with PKCE. A grant is an API key whose secret changes every hour and that is
 * good at `/mcp` alone: it is listed, limited and deleted where keys are.
 */
export class Grants {
  readonly resource: string

  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
    readonly clients: Clients,
    readonly issuer: string,
  ) {
    this.resource = `${issuer}/mcp`
  }

  /** What a person is asked. @throws ApiError `forbidden`; `invalid_request` that must not be answered to the program */
  async preview(who: Principal, wanted: GrantRequest): Promise<z.infer<typeof grantPreview>> {
    const client = this.#asked(who, wanted)
    const tenant = await this.database.prisma.tenant.findUnique({ where: { id: who.tenantId } })
    if (tenant === null) throw notFound('tenant')
    return { client: client.name, redirectHost: hostOf(wanted.redirectUri), tenant: tenant.name }
  }

  /** A person allows it. @returns the address that hands the code to the program */
  async create(who: Principal, { limits, expiresInDays, ...wanted }: CreateGrant): Promise<string> {
    const client = this.#asked(who, wanted)
    const { userId, tenantId } = who
    if (userId === null) throw forbidden('only a person lets a program in')
    const { prisma } = this.database
    const code = secret('clc')
    const keyId = newId('ky')
    const { clientId, redirectUri, codeChallenge, state } = wanted
    await prisma.oauthCode.create({
      data: {
        ...{ hash: sha256(code), keyId, tenantId, userId, clientHash: sha256(clientId), name: client.name },
        ...{ redirectUri, challenge: codeChallenge, days: expiresInDays },
        ...(limits === undefined ? {} : { limits: JSON.parse(JSON.stringify(limits)) }),
        expiresAt: new Date(Date.now() + codeMs),
      },
    })
    const bounded = limits === undefined ? {} : { limits: JSON.stringify(limits) }
    const detail = { name: client.name, client: hostOf(redirectUri), ...bounded }
    await audit(prisma, who, 'key.create', keyId, detail)
    const to = new URL(redirectUri)
    to.searchParams.set('code', code)
    if (state !== undefined) to.searchParams.set('state', state)
    to.searchParams.set('iss', this.issuer)
    return to.href
  }

  /**
   * A code becomes tokens, once. A code that comes again was read by somebody else: what was made of it ends.
   * @throws OAuthError `invalid_grant`
   */
  async exchange(given: {
    code: string
    clientId: string
    redirectUri: string
    verifier: string
  }): Promise<Tokens> {
    const { prisma, pool } = this.database
    const hash = sha256(given.code)
    const { rows } = await pool.query<{ tenantId: string }>(
      `UPDATE oauth_code SET used = true WHERE hash = $1 AND NOT used AND "expiresAt" > now() AT TIME ZONE 'UTC'
       RETURNING "tenantId"`,
      [hash],
    )
    const code = await prisma.oauthCode.findUnique({ where: { hash } })
    if (rows[0] === undefined || code === null) {
      if (code?.used) await this.#end(code.keyId)
      throw refusedCode()
    }
    const isSame =
      code.clientHash === sha256(given.clientId) &&
      code.redirectUri === given.redirectUri &&
      isVerified(given.verifier, code.challenge)
    if (!isSame) throw refusedCode()
    const { keyId, tenantId, userId, clientHash, name, limits, days } = code
    const { tokens, stored } = fresh()
    const expiresAt = new Date(Date.now() + days * dayMs)
    await storeAnother(prisma, tenantId, 'apiKey', (client) =>
      client.apiKey.create({
        data: {
          ...{
            id: keyId,
            tenantId,
            name,
            createdById: userId,
            expiresAt,
            client: name,
            clientHash,
            ...stored,
          },
          ...(limits === null ? {} : { limits: JSON.parse(JSON.stringify(limits)) }),
        },
      }),
    ).catch((error: unknown) => {
      throw error instanceof ApiError ? new OAuthError('invalid_grant', error.message) : error
    })
    // Who had it twice at the same moment has ended what was not there yet.
    const { rows: again } = await pool.query('SELECT FROM oauth_code WHERE hash = $1 AND revoked', [hash])
    if (again.length > 0) {
      await this.#end(keyId)
      throw refusedCode()
    }
    return tokens
  }

  /**
   * New tokens for those that there were, which are worth nothing from then on. A refresh token that was used before was
   * read by somebody else: the grant ends.
   * @throws OAuthError `invalid_grant`
   */
  async refresh(given: { token: string; clientId: string }): Promise<Tokens> {
    const { tokens, stored } = fresh()
    const hash = sha256(given.token)
    const { rows } = await this.database.pool.query<{ id: string }>(
      `UPDATE api_key SET hash = $3, start = $4, "refreshHash" = $5, "accessUntil" = $6, "spentHash" = $1
       WHERE "refreshHash" = $1 AND "clientHash" = $2 AND "expiresAt" > now() AT TIME ZONE 'UTC' RETURNING id`,
      [
        hash,
        sha256(given.clientId),
        stored.hash,
        stored.start,
        stored.refreshHash,
        stored.accessUntil.toISOString(),
      ],
    )
    if (rows[0] !== undefined) {
      this.principals.forget({ keyId: rows[0].id })
      return tokens
    }
    const spent = await this.database.prisma.apiKey.findFirst({
      where: { spentHash: hash, clientHash: sha256(given.clientId) },
      select: { id: true },
    })
    if (spent !== null) await this.#end(spent.id)
    throw new OAuthError(
      'invalid_grant',
      'the refresh token is unknown, expired or was used before; ask the person again',
    )
  }

  /** Ends the grant that a token is of, whichever of the two it is. Of a token that is none nothing is told. @see RFC 7009 */
  async revoke(token: string): Promise<void> {
    const hash = sha256(token)
    const found = await this.database.prisma.apiKey.findFirst({
      where: { client: { not: null }, OR: [{ hash }, { refreshHash: hash }] },
      select: { id: true },
    })
    if (found !== null) await this.#end(found.id)
  }

  async #end(keyId: string): Promise<void> {
    const { prisma } = this.database
    await prisma.oauthCode.updateMany({ where: { keyId }, data: { revoked: true } })
    const key = await prisma.apiKey.findUnique({ where: { id: keyId } })
    if (key === null) return
    await prisma.apiKey.deleteMany({ where: { id: keyId } })
    this.principals.forget({ keyId })
    await audit(prisma, { tenantId: key.tenantId, actor: `key ${key.name}` }, 'key.delete', keyId, {
      name: key.name,
    })
  }

  /** @throws ApiError */
  #asked(who: Principal, { clientId, redirectUri, resource }: GrantRequest): Client {
    assertMay(who, 'grant.create')
    try {
      const client = this.clients.find(clientId)
      if (!isRegistered(client, redirectUri)) {
        throw new OAuthError(
          'invalid_redirect_uri',
          'redirectUri: the program has not registered this address',
        )
      }
      this.assertResource(resource)
      return client
    } catch (error) {
      throw error instanceof OAuthError ? new ApiError('invalid_request', error.message) : error
    }
  }

  /** @see RFC 8707. @throws OAuthError `invalid_target` */
  assertResource(resource: string | undefined): void {
    if (resource === undefined || resource.replace(/\/$/, '') === this.resource) return
    throw new OAuthError('invalid_target', `resource: tokens are good at ${this.resource} alone`)
  }
}

const refusedCode = () =>
  new OAuthError('invalid_grant', 'the code is unknown, expired, was used before, or is of another request')

/** @see RFC 7636, 4.6 */
function isVerified(verifier: string, challenge: string): boolean {
  const own = Buffer.from(createHash('sha256').update(verifier).digest('base64url'))
  const given = Buffer.from(challenge)
  return own.length === given.length && timingSafeEqual(own, given)
}

/** New tokens, and what is stored of them. */
function fresh() {
  const [access, refresh] = [secret('clo'), secret('clr')]
  const tokens: Tokens = {
    ...{ access_token: access, token_type: 'Bearer', expires_in: accessSeconds },
    ...{ refresh_token: refresh, scope: 'mcp' },
  }
  const accessUntil = new Date(Date.now() + accessSeconds * 1000)
  const stored = {
    hash: sha256(access),
    start: access.slice(0, startLength),
    refreshHash: sha256(refresh),
    accessUntil,
  }
  return { tokens, stored }
}
