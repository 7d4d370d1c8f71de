import { randomBytes } from 'node:crypto'
import { sha256 } from '../../common/digest.js'
import type { Prisma, PrismaClient } from '../../prisma/generated/client.js'
import { type ApiKey, type KeyLimits, newId } from '../../protocol/api/index.js'
import { earlier } from '../auth/credential.js'
import { limitsOf } from '../auth/key-limits.js'
import { notFound } from '../errors.js'

const dayMs = 24 * 3600 * 1000
/** Enough to tell keys apart, and nothing to guess the rest from. */
const startLength = 12

/** What a key is to be. */
interface NewKey {
  readonly name: string
  readonly expiresInDays?: number | undefined
  readonly operator?: boolean
  readonly limits?: KeyLimits | undefined
}

/** By whom a key is made: a person, another key, or nobody for the installation's own. */
interface Maker {
  /** Whose membership the key depends on. */
  readonly createdById: string | null
  /** The key that makes it, with which it goes, and that it does not outlive. */
  readonly parent?: { readonly id: string; readonly expiresAt: Date | null }
}

/**
 * A new key of a tenant, with 256 random bits. Only its SHA-256 is kept: no slow hash is needed where nothing
 * can be guessed, and a key is looked up on every call.
 */
export async function createKey(
  prisma: Prisma.TransactionClient,
  tenantId: string,
  wanted: NewKey,
  { createdById, parent }: Maker,
): Promise<ApiKey & { key: string }> {
  const key = `clk_${randomBytes(32).toString('base64url')}`
  const { name, expiresInDays, operator = false, limits } = wanted
  const ends = expiresInDays === undefined ? null : new Date(Date.now() + expiresInDays * dayMs)
  const expiresAt = earlier(ends, parent?.expiresAt ?? null)
  const row = await prisma.apiKey.create({
    data: {
      ...{ id: newId('ky'), tenantId, name, operator, expiresAt, createdById },
      ...{ start: key.slice(0, startLength), hash: sha256(key) },
      ...(limits === undefined ? {} : { limits: JSON.parse(JSON.stringify(limits)) }),
      parentId: parent?.id ?? null,
    },
    include,
  })
  return { ...presentKey(row), key }
}

/** Which keys: all of a tenant, or those that one key has made. */
export interface Which {
  readonly tenantId: string
  readonly parentId?: string
}

export async function listKeys(prisma: PrismaClient, where: Which): Promise<ApiKey[]> {
  const rows = await prisma.apiKey.findMany({ where, include, orderBy: { createdAt: 'desc' } })
  return rows.map(presentKey)
}

/**
 * Deletes a key with those that it made.
 * @returns what the key was called, and the ids of all that are gone
 * @throws ApiError `not_found`
 */
export async function deleteKey(
  prisma: PrismaClient,
  which: Which,
  id: string,
): Promise<{ name: string; gone: string[] }> {
  const children = { select: { id: true } }
  const key = await prisma.apiKey.findFirst({ where: { ...which, id }, select: { name: true, children } })
  const { count } = await prisma.apiKey.deleteMany({ where: { ...which, id } })
  if (key === null || count === 0) throw notFound('API key')
  return { name: key.name, gone: [id, ...key.children.map((one) => one.id)] }
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
    ...{ madeBy: row.parentId, client: row.client },
  }
}
