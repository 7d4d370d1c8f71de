import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import type { LtiPlatform as Row } from '../../prisma/generated/client.js'
import {
  type AddLtiPlatform,
  type ChangeLtiPlatform,
  type LtiPlatform,
  type LtiPlatformList,
  type LtiRegistrationLink,
  ltiBounds,
  newId,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { PlatformCalls } from './calls.js'
import type { ToolUrls } from './urls.js'

const unique = z.object({ code: z.literal('23505') })

/** Who registers, and in which tenant. */
type Registrar = Pick<Principal, 'tenantId' | 'actor'>

/** The platforms of tenants. */
export class Platforms {
  constructor(
    private readonly database: Database,
    private readonly calls: PlatformCalls,
    private readonly urls: ToolUrls,
  ) {}

  async list(who: Principal): Promise<LtiPlatformList> {
    assertMay(who, 'platform.read')
    const { tenantId } = who
    const rows = await this.database.prisma.ltiPlatform.findMany({
      where: { tenantId },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    })
    return { tool: this.urls.of(tenantId), items: rows.map(present) }
  }

  /** By hand. @throws ApiError `conflict` when the tenant has this issuer with this client ID; `quota_exceeded` */
  async add(who: Principal, wanted: AddLtiPlatform): Promise<LtiPlatform> {
    assertMay(who, 'platform.change')
    return this.store(who, wanted)
  }

  /** Of whoever may: the caller has asked. */
  async store(who: Registrar, wanted: AddLtiPlatform): Promise<LtiPlatform> {
    const { tenantId, actor } = who
    for (const url of [wanted.authUrl, wanted.tokenUrl, wanted.jwksUrl]) this.calls.assertMay(url)
    const id = newId('lp')
    const { name, issuer, clientId, authUrl, tokenUrl, jwksUrl, deployments } = wanted
    await inTransaction(this.database.pool, async (client) => {
      await client.query('SELECT FROM tenant WHERE id = $1 FOR UPDATE', [tenantId])
      const { rows } = await client.query(
        'SELECT count(*)::INTEGER AS count FROM lti_platform WHERE "tenantId" = $1',
        [tenantId],
      )
      if (Number(rows[0]?.count) >= ltiBounds.platforms) {
        throw new ApiError(
          'quota_exceeded',
          `a tenant has at most ${ltiBounds.platforms} platforms; remove one first`,
        )
      }
      await client.query(
        `INSERT INTO lti_platform (id, "tenantId", name, issuer, "clientId", "authUrl", "tokenUrl", "jwksUrl", deployments, "createdBy")
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
        [id, tenantId, name, issuer, clientId, authUrl, tokenUrl, jwksUrl, [...new Set(deployments)], actor],
      )
    }).catch((error: unknown) => {
      if (!unique.safeParse(error).success) throw error
      throw new ApiError(
        'conflict',
        `the tenant has the platform ${issuer} with the client ID ${clientId} already`,
      )
    })
    await audit(this.database.prisma, who, 'platform.add', id, { name, issuer, clientId })
    return present(await this.database.prisma.ltiPlatform.findUniqueOrThrow({ where: { id } }))
  }

  async change(who: Principal, id: string, wanted: ChangeLtiPlatform): Promise<LtiPlatform> {
    assertMay(who, 'platform.change')
    const row = await this.#own(who, id)
    const { name, authUrl, tokenUrl, jwksUrl, deployments } = wanted
    for (const url of [authUrl, tokenUrl, jwksUrl]) if (url !== undefined) this.calls.assertMay(url)
    const { prisma, pool } = this.database
    const { rowCount } = await pool.query(
      `UPDATE lti_platform SET name = coalesce($2, name), "authUrl" = coalesce($3, "authUrl"), "tokenUrl" = coalesce($4, "tokenUrl"),
         "jwksUrl" = coalesce($5, "jwksUrl"), deployments = coalesce($6, deployments),
         jwks = CASE WHEN $5::TEXT IS NULL THEN jwks END, "jwksAt" = CASE WHEN $5::TEXT IS NULL THEN "jwksAt" END
       WHERE id = $1`,
      [
        ...[id, name ?? null, authUrl ?? null, tokenUrl ?? null, jwksUrl ?? null],
        deployments === undefined ? null : [...new Set(deployments)],
      ],
    )
    if (rowCount !== 1) throw notFound('platform')
    await audit(prisma, who, 'platform.change', id, { name: name ?? row.name, issuer: row.issuer })
    return present(await this.#own(who, id))
  }

  /** Its courses are bound to classes no more. Accounts of its people, classes and work stay. */
  async remove(who: Principal, id: string): Promise<void> {
    assertMay(who, 'platform.change')
    const { name, issuer, clientId } = await this.#own(who, id)
    await this.database.prisma.ltiPlatform.deleteMany({ where: { id } })
    await audit(this.database.prisma, who, 'platform.remove', id, { name, issuer, clientId })
  }

  /** A link by which one platform registers itself, within an hour. Of a tenant the newest works alone. */
  async invite(who: Principal): Promise<LtiRegistrationLink> {
    assertMay(who, 'platform.change')
    const { tenantId, actor } = who
    const secret = randomBytes(32).toString('base64url')
    const expiresAt = new Date(Date.now() + ltiBounds.registrationSeconds * 1000)
    await this.database.prisma.$transaction([
      this.database.prisma.ltiRegistration.deleteMany({ where: { tenantId } }),
      this.database.prisma.ltiRegistration.create({
        data: { hash: sha256(secret), tenantId, createdBy: actor, expiresAt },
      }),
    ])
    await audit(this.database.prisma, who, 'platform.invite', null, {})
    return { url: this.urls.registration(secret), expiresAt: expiresAt.toISOString() }
  }

  async #own({ tenantId }: Principal, id: string): Promise<Row> {
    const row = await this.database.prisma.ltiPlatform.findFirst({ where: { id, tenantId } })
    if (row === null) throw notFound('platform')
    return row
  }
}

export const present = (row: Row): LtiPlatform => ({
  ...{ id: row.id, name: row.name, issuer: row.issuer, clientId: row.clientId },
  ...{ authUrl: row.authUrl, tokenUrl: row.tokenUrl, jwksUrl: row.jwksUrl, deployments: row.deployments },
  ...{ createdBy: row.createdBy, createdAt: row.createdAt.toISOString() },
})
