import { fingerprintOf } from '../../common/ssh-fingerprint.js'
import { sandboxId as isSandboxId, type SshSession } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Attempts } from '../auth/attempts.js'
import { belongsTo } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import { isSignedBy, readSigned } from './public-key.js'
import type { SshSessions } from './sessions.js'

/** Where a shell begins. */
const home = '/home/user'
/** Of sandboxes with one name: more are not told apart by reading their ids. */
const maxNamed = 10
/** `lastUsedAt` is as exact as this. */
const usedEverySeconds = 60

/** Whose a key is. */
interface Holder {
  readonly publicKey: string
  readonly sshKeyId: string | null
  readonly userId: string | null
  /** Of a key that is good for one sandbox, for minutes. */
  readonly access: { tenantId: string; keyId: string | null; sandboxId: string } | null
  readonly name: string
}

const badKey = () => new ApiError('unauthenticated', 'this key lets nobody in')

/** Lets in whoever has signed with a key that is known. */
export class SshLogin {
  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
    private readonly attempts: Attempts,
    private readonly sandboxes: SandboxService,
    private readonly sessions: SshSessions,
  ) {}

  /**
   * The user name that was signed says which sandbox: its id, or its name. Whoever has proved to have a key is told why there is no way in;
   * everybody else is told nothing, whatever they ask for.
   *
   * @param signed what the client has signed @param address of the client
   * @throws ApiError `unauthenticated`; `rate_limited` when too many wait already
   */
  async open(signed: Buffer, signature: Buffer, address: string): Promise<SshSession> {
    const attempt = await this.attempts.begin(undefined, address, undefined)
    const request = readSigned(signed)
    if (request === undefined) throw badKey()
    const holder = await this.#holderOf(fingerprintOf(request.key), request.user)
    if (holder === undefined || !isSignedBy(holder.publicKey, request, signed, signature)) throw badKey()
    await attempt.succeeded()
    try {
      const { who, sandboxId } = await this.#enter(holder, request.user)
      const { tenantId, userId, keyId } = who
      await this.#wake(who, sandboxId)
      const owner = { tenantId, userId, keyId, sshKeyId: holder.sshKeyId, sandboxId }
      const token = await this.sessions.open(owner)
      const by = { ...who, actor: `${who.actor} by SSH` }
      await audit(this.database.prisma, by, 'ssh.open', sandboxId, { key: holder.name, address })
      return { token, sandboxId, home }
    } catch (error) {
      if (error instanceof ApiError && error.status < 500) return { refused: error.message }
      throw error
    }
  }

  /** @param user the user name: of a key that is good for minutes, the id of its sandbox */
  async #holderOf(fingerprint: string, user: string): Promise<Holder | undefined> {
    const { prisma, pool } = this.database
    const now = new Date()
    const key = await prisma.sshKey.findUnique({ where: { fingerprint } })
    if (key !== null && (key.expiresAt === null || key.expiresAt > now)) {
      await pool.query(
        `UPDATE ssh_key SET "lastUsedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1 AND
          coalesce("lastUsedAt" < now() AT TIME ZONE 'UTC' - interval '${usedEverySeconds} seconds', true)`,
        [key.id],
      )
      const { id: sshKeyId, publicKey, userId, name } = key
      return { publicKey, sshKeyId, userId, access: null, name }
    }
    const which = { fingerprint, sandboxId: user }
    const access = await prisma.sshAccess.findUnique({ where: { fingerprint_sandboxId: which } })
    if (access === null || access.expiresAt <= now) return undefined
    const { publicKey, tenantId, userId, keyId, sandboxId } = access
    const name = 'of cloche ssh'
    return { publicKey, sshKeyId: null, userId, access: { tenantId, keyId, sandboxId }, name }
  }

  /** @throws ApiError that says why there is no way in */
  async #enter(holder: Holder, user: string): Promise<{ who: Principal; sandboxId: string }> {
    const { userId, access } = holder
    if (access !== null) {
      const { tenantId, keyId, sandboxId } = access
      const who = await this.#principal(tenantId, userId, keyId)
      await this.sandboxes.row(who, 'ssh.open', sandboxId)
      return { who, sandboxId }
    }
    const sandboxId = isSandboxId.safeParse(user).data ?? (await this.#named(userId ?? '', user))
    const tenantId = await this.#tenantFor(userId ?? '', sandboxId)
    const who = await this.#principal(tenantId, userId, null)
    try {
      await this.sandboxes.row(who, 'ssh.open', sandboxId)
    } catch (error) {
      throw error instanceof ApiError && error.code === 'not_found' ? notThere(user) : error
    }
    return { who, sandboxId }
  }

  async #principal(tenantId: string, userId: string | null, keyId: string | null): Promise<Principal> {
    const who = await this.principals.again({ tenantId, userId, keyId })
    if (who !== undefined) return who
    throw new ApiError('forbidden', 'your access to this tenant has ended, or the tenant is paused')
  }

  /** The tenant of the sandbox, for its members; others come from a tenant of their own, by a share. */
  async #tenantFor(userId: string, sandboxId: string): Promise<string> {
    const { rows } = await this.database.pool.query<{ tenantId: string }>(
      `SELECT member."tenantId" FROM member LEFT JOIN sandbox ON sandbox.id = $2
       WHERE member."userId" = $1 ORDER BY (member."tenantId" = sandbox."tenantId") DESC NULLS LAST, member."createdAt" LIMIT 1`,
      [userId, sandboxId],
    )
    if (rows[0] === undefined) throw new ApiError('forbidden', 'you are not a member of any tenant')
    return rows[0].tenantId
  }

  /** The one sandbox of this name that somebody sees. */
  async #named(userId: string, name: string): Promise<string> {
    const { rows } = await this.database.pool.query<{
      id: string
      tenantId: string
      ownerId: string
      assignmentId: string | null
    }>(
      `SELECT sandbox.id, sandbox."tenantId", sandbox."ownerId", sandbox."assignmentId"
       FROM sandbox JOIN member ON member."tenantId" = sandbox."tenantId" AND member."userId" = $1
       WHERE sandbox.name = $2 AND sandbox."deletedAt" IS NULL ORDER BY sandbox."createdAt"`,
      [userId, name],
    )
    const callers = new Map<string, Principal | undefined>()
    for (const { tenantId } of rows) {
      if (!callers.has(tenantId))
        callers.set(tenantId, await this.principals.again({ tenantId, userId, keyId: null }))
    }
    const seen = rows.filter((row) => {
      const who = callers.get(row.tenantId)
      return who !== undefined && belongsTo(who, row)
    })
    const [first, ...others] = seen
    if (first === undefined) throw notThere(name)
    if (others.length === 0) return first.id
    const ids = seen.slice(0, maxNamed).map(({ id }) => id)
    throw new ApiError(
      'conflict',
      `${seen.length} sandboxes are named ${name}; connect to one by its id: ${ids.join(', ')}`,
    )
  }

  /** One that sleeps is woken. One that was stopped or paused by intention is started for whoever may do that. */
  async #wake(who: Principal, id: string): Promise<void> {
    await this.sandboxes.keepAwake(who, id)
    if (await this.sandboxes.isGuest(who, id)) return
    const { state } = await this.sandboxes.get(who, id)
    if (state === 'stopped') await this.sandboxes.act(who, id, 'start')
    if (state === 'paused') await this.sandboxes.act(who, id, 'resume')
  }
}

const notThere = (name: string) =>
  new ApiError(
    'not_found',
    `there is no sandbox ${name}; the user name is the id or the name of one: ssh sb_…@host`,
  )
