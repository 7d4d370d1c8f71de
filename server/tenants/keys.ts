import type { z } from 'zod'
import type { ApiKey, createApiKey } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { storeAnother } from './bounds.js'
import { createKey, deleteKey, listKeys } from './key-rows.js'

/** API keys of the caller's tenant. */
export class KeyService {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  async list(who: Principal): Promise<ApiKey[]> {
    assertMay(who, 'key.read')
    return listKeys(this.database.prisma, who.tenantId)
  }

  /** @returns the key itself as well: it is nowhere afterwards */
  async create(who: Principal, wanted: z.infer<typeof createApiKey>): Promise<ApiKey & { key: string }> {
    assertMay(who, 'key.create')
    const { tenantId, userId } = who
    const { prisma } = this.database
    const created = await storeAnother(prisma, tenantId, 'apiKey', (client) =>
      createKey(client, tenantId, wanted, userId),
    )
    const { name, limits } = created
    const bounded = limits === null ? {} : { limits: JSON.stringify(limits) }
    await audit(prisma, who, 'key.create', created.id, { name, ...bounded })
    return created
  }

  async delete(who: Principal, id: string): Promise<void> {
    assertMay(who, 'key.delete')
    const { prisma } = this.database
    const name = await deleteKey(prisma, who.tenantId, id)
    this.principals.forget({ keyId: id })
    await audit(prisma, who, 'key.delete', id, { name })
  }
}
