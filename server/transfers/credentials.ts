import type { RegistryCredential, RegistryLogin } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { hostOf } from './remote.js'
import type { Sealing } from './sealing.js'
import type { Credential } from './session.js'

/** Of one tenant. */
const maxCredentials = 100

/** What a tenant signs in to other registries with. Passwords are never told again. */
export class RegistryCredentials {
  constructor(
    private readonly database: Database,
    private readonly sealing: Sealing,
  ) {}

  async list(who: Principal): Promise<RegistryCredential[]> {
    assertMay(who, 'registry.read')
    const rows = await this.database.prisma.registryCredential.findMany({
      where: { tenantId: who.tenantId },
      orderBy: { host: 'asc' },
    })
    return rows.map(({ host, username, createdBy, createdAt }) => ({
      ...{ host, username, createdBy, createdAt: createdAt.toISOString() },
    }))
  }

  /** Those for one host, instead of others. @throws ApiError `conflict` when there are too many */
  async set(
    who: Principal,
    named: string,
    { username, password }: RegistryLogin,
  ): Promise<RegistryCredential> {
    assertMay(who, 'registry.change')
    const { tenantId, actor } = who
    const host = hostOf(named)
    const { prisma } = this.database
    const count = await prisma.registryCredential.count({ where: { tenantId, host: { not: host } } })
    if (count >= maxCredentials) {
      throw new ApiError('conflict', `a tenant has at most ${maxCredentials} registries; delete some`)
    }
    const sealed = new Uint8Array(this.sealing.seal(password, placeOf(tenantId, host)))
    const values = { username, password: sealed, createdBy: actor, createdAt: new Date() }
    const row = await prisma.registryCredential.upsert({
      where: { tenantId_host: { tenantId, host } },
      create: { tenantId, host, ...values },
      update: values,
    })
    await audit(prisma, who, 'registry.login', null, { host, username })
    return { host, username, createdBy: row.createdBy, createdAt: row.createdAt.toISOString() }
  }

  async delete(who: Principal, named: string): Promise<void> {
    assertMay(who, 'registry.change')
    const host = hostOf(named)
    const { prisma } = this.database
    const { count } = await prisma.registryCredential.deleteMany({ where: { tenantId: who.tenantId, host } })
    if (count === 0) throw notFound('registry')
    await audit(prisma, who, 'registry.logout', null, { host })
  }

  /** @throws ApiError `conflict` when they were stored with another secret of the installation */
  async find(tenantId: string, host: string): Promise<Credential | undefined> {
    const where = { tenantId_host: { tenantId, host } }
    const row = await this.database.prisma.registryCredential.findUnique({ where })
    if (row === null) return undefined
    const password = this.sealing.open(row.password, placeOf(tenantId, host))
    if (password !== undefined) return { username: row.username, password }
    throw new ApiError('conflict', `the password for ${host} cannot be read any more: store it again`)
  }
}

const placeOf = (tenantId: string, host: string) => `${tenantId} ${host}`
