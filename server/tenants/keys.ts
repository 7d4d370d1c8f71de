import type { z } from 'zod'
import type { ApiKey, createApiKey } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database, Prisma } from '../database/client.js'
import { forbidden, notFound } from '../errors.js'
import { storeAnother } from './bounds.js'
import { createKey, deleteKey, listKeys, type Which } from './key-rows.js'

/** API keys of the caller's tenant: all of them for its owners and admins, and for a key of one those that it made itself. */
export class KeyService {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {}

  async list(who: Principal): Promise<ApiKey[]> {
    assertMay(who, 'key.read')
    return listKeys(this.database.prisma, whichOf(who))
  }

  /**
   * A key makes keys that may less than itself: with limits, which then make none.
   * @returns the key itself as well: it is nowhere afterwards
   */
  async create(who: Principal, wanted: z.infer<typeof createApiKey>): Promise<ApiKey & { key: string }> {
    assertMay(who, 'key.create')
    const { tenantId, userId, keyId } = who
    const { prisma } = this.database
    if (keyId !== null && wanted.limits === undefined) {
      throw forbidden('an API key makes only keys with limits: give `limits`, or sign in')
    }
    const created = await storeAnother(prisma, tenantId, 'apiKey', async (client) =>
      createKey(
        client,
        tenantId,
        wanted,
        keyId === null ? { createdById: userId } : await parentOf(client, keyId),
      ),
    )
    const { name, limits } = created
    const bounded = limits === null ? {} : { limits: JSON.stringify(limits) }
    await audit(prisma, who, 'key.create', created.id, { name, ...bounded })
    return created
  }

  async delete(who: Principal, id: string): Promise<void> {
    assertMay(who, 'key.delete')
    const { prisma } = this.database
    const { name, gone } = await deleteKey(prisma, whichOf(who), id)
    for (const keyId of gone) this.principals.forget({ keyId })
    await audit(prisma, who, 'key.delete', id, { name })
  }
}

/** A key finds those that it made. */
const whichOf = ({ tenantId, keyId }: Principal): Which =>
  keyId === null ? { tenantId } : { tenantId, parentId: keyId }

/** Locked, so that it is not deleted before what it makes is there, and goes with it. */
async function parentOf(client: Prisma.TransactionClient, id: string) {
  await client.$queryRaw`SELECT id FROM api_key WHERE id = ${id} FOR KEY SHARE`
  const parent = await client.apiKey.findUnique({
    where: { id },
    select: { id: true, expiresAt: true, createdById: true },
  })
  if (parent === null) throw notFound('API key')
  return { createdById: parent.createdById, parent }
}
