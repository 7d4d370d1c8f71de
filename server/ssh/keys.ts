import { type AddSshKeys, newId, type SshKey, sshKeysMax } from '../../protocol/api/index.js'
import { auditAccount } from '../audit.js'
import { personOf } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { type PublicKey, readPublicKey } from './public-key.js'

const dayMs = 24 * 3_600_000
/** What a key without a comment is called. */
const unnamed = 'SSH key'
const longestName = 64

interface Row {
  readonly id: string
  readonly name: string
  readonly publicKey: string
  readonly fingerprint: string
  readonly createdAt: Date
  readonly expiresAt: Date | null
  readonly lastUsedAt: Date | null
}

/** So that of several additions at once none gets past the bound. */
const lock = 'SELECT FROM "user" WHERE id = $1 FOR UPDATE'
const insert = `
  INSERT INTO ssh_key (id, "userId", name, "publicKey", fingerprint, "expiresAt") VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (fingerprint) DO NOTHING RETURNING *`

/** The public keys with which people connect. */
export class SshKeyService {
  constructor(private readonly database: Database) {}

  async list(who: Principal): Promise<SshKey[]> {
    const { userId } = personOf(who, 'ssh_key.read')
    const rows = await this.database.prisma.sshKey.findMany({
      where: { userId },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    })
    return rows.map(present)
  }

  /**
   * Adds all keys of a text, or none.
   * @throws ApiError `invalid_request` that names the line; `conflict` for a key that an account has, and for too many
   */
  async add(who: Principal, wanted: AddSshKeys): Promise<SshKey[]> {
    const { userId, email } = personOf(who, 'ssh_key.change')
    const keys = keysOf(wanted)
    const expiresAt =
      wanted.expiresInDays === undefined ? null : new Date(Date.now() + wanted.expiresInDays * dayMs)
    const added = await inTransaction(this.database.pool, async (client) => {
      await client.query(lock, [userId])
      const { rows } = await client.query<{ count: number }>(
        'SELECT count(*)::INTEGER AS count FROM ssh_key WHERE "userId" = $1',
        [userId],
      )
      if ((rows[0]?.count ?? 0) + keys.length > sshKeysMax) {
        throw new ApiError('conflict', `keys: an account has at most ${sshKeysMax}; remove some first`)
      }
      const made: Row[] = []
      for (const { text, fingerprint, name } of keys) {
        const { rows: inserted } = await client.query<Row>(insert, [
          ...[newId('xk'), userId, name, text, fingerprint, expiresAt],
        ])
        if (inserted[0] === undefined) {
          throw new ApiError(
            'conflict',
            `keys: ${fingerprint} is there already; a key lets in one account only. Make another one: ssh-keygen -t ed25519`,
          )
        }
        made.push(inserted[0])
      }
      return made
    })
    for (const { id, name, fingerprint } of added)
      await auditAccount(this.database.prisma, userId, email, 'ssh.key_add', { key: id, name, fingerprint })
    return added.map(present)
  }

  /** Connections that were opened with it end at once. @throws ApiError `not_found` */
  async remove(who: Principal, id: string): Promise<void> {
    const { userId, email } = personOf(who, 'ssh_key.change')
    const { prisma } = this.database
    const found = await prisma.sshKey.findFirst({ where: { id, userId } })
    if (found === null) throw notFound('SSH key')
    await prisma.sshKey.deleteMany({ where: { id, userId } })
    const { name, fingerprint } = found
    await auditAccount(prisma, userId, email, 'ssh.key_remove', { key: id, name, fingerprint })
  }
}

/** @throws ApiError `invalid_request` */
function keysOf({ keys, name }: AddSshKeys): (PublicKey & { name: string })[] {
  const found = new Map<string, PublicKey & { name: string }>()
  for (const [at, line] of keys.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue
    const key = readPublicKey(line)
    if (typeof key === 'string') throw new ApiError('invalid_request', `keys: line ${at + 1}: ${key}`)
    const comment = key.comment.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, longestName)
    found.set(key.fingerprint, { ...key, name: comment === '' ? unnamed : comment })
  }
  if (found.size === 0) throw new ApiError('invalid_request', 'keys: there is no key in this text')
  if (name === undefined) return [...found.values()]
  if (found.size > 1) {
    throw new ApiError('invalid_request', 'name: these are several keys; each is named by its comment')
  }
  return [...found.values()].map((key) => ({ ...key, name }))
}

const present = (row: Row): SshKey => ({
  ...{ id: row.id, name: row.name, type: row.publicKey.split(' ')[0] ?? '', fingerprint: row.fingerprint },
  createdAt: row.createdAt.toISOString(),
  expiresAt: row.expiresAt?.toISOString() ?? null,
  lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
})
