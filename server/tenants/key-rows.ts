import { randomBytes } from 'node:crypto'
import { sha256 } from '../../common/digest.js'
import type { Prisma, PrismaClient } from '../../prisma/generated/client.js'
import { type ApiKey, type KeyLimits, newId } from '../../protocol/api/index.js'
import { limitsOf } from '../auth/key-limits.js'
import { notFound } from '../errors.js'

const dayMs = 24 * 3600 * 1000
/** Enough to tell keys apart, and nothing to guess the rest from. */
const startLength = 12

/**
 * A new key of a tenant, with 256 random bits. Only its SHA-256 is kept: no slow hash is needed where nothing
 * can be guessed, and a key is looked up on every call.
 *
 * @param createdById whose membership the key depends on; null for the installation's own
 */
export async function createKey(
  prisma: Prisma.TransactionClient,
  tenantId: string,
  wanted: {
    name: string
    expiresInDays?: number | undefined
    operator?: boolean
    limits?: KeyLimits | undefined
  },
  createdById: string | null,
): Promise<ApiKey & { key: string }> {
  const key = `clk_${randomBytes(32).toString('base64url')}`
  const { name, expiresInDays, operator = false, limits } = wanted
  const expiresAt = expiresInDays === undefined ? null : new Date(Date.now() + expiresInDays * dayMs)
  const row = await prisma.apiKey.create({
    data: {
      ...{ id: newId('ky'), tenantId, name, operator, expiresAt, createdById },
      ...{ start: key.slice(0, startLength), hash: sha256(key) },
      ...(limits === undefined ? {} : { limits: JSON.parse(JSON.stringify(limits)) }),
    },
    include,
  })
  return { ...presentKey(row), key }
}

export async function listKeys(prisma: PrismaClient, tenantId: string): Promise<ApiKey[]> {
  const rows = await prisma.apiKey.findMany({ where: { tenantId }, include, orderBy: { createdAt: 'desc' } })
  return rows.map(presentKey)
}

/**
 * @returns what the key was called
 * @throws ApiError `not_found`
 */
export async function deleteKey(prisma: PrismaClient, tenantId: string, id: string): Promise<string> {
  const key = await prisma.apiKey.findFirst({ where: { id, tenantId }, select: { name: true } })
  const { count } = await prisma.apiKey.deleteMany({ where: { id, tenantId } })
  if (key === null || count === 0) throw notFound('API key')
  return key.name
}

const include = { createdBy: { select: { id: true, name: true, email: true } } } as const
type Row = Prisma.ApiKeyGetPayload<{ include: typeof include }>

function presentKey(row: Row): ApiKey {
  return {
    ...{ id: row.id, name: row.name, start: row.start, createdAt: row.createdAt.toISOString() },
    createdBy: row.createdBy && {
      ...{ userId: row.createdBy.id, name: row.createdBy.name, email: row.createdBy.email },
    },
    expiresAt: row.expiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    limits: limitsOf(row.limits),
  }
}
