import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { sha256 } from '../../common/digest.js'
import { newId } from '../../protocol/api/index.js'
import type { Carrier } from '../auth/credential.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, forbidden } from '../errors.js'
import type { SshPrincipal } from './hold.js'

/** Tokens begin with it, so that they are told from API keys. */
const prefix = 'csh_'
/** The gateway renews its sessions each minute: of one that died nothing is left after this. */
const renewedSeconds = 180
/** As `Principals` believes a key. */
const believedMs = 5000
const maxBelieved = 10_000

/** What a connection does: files, processes and ports of its one sandbox. Everything else of the API is closed to it. */
const allowed =
  /^\/api\/v1\/sandboxes\/:id\/(tree|exec|files|files\/(stat|move|chmod|mkdir)|processes(\/:processId(\/(output|stdin|signal|resize))?)?)$/

/** By whom a session was opened. */
export interface SessionOwner {
  readonly tenantId: string
  readonly userId: string | null
  readonly keyId: string | null
  /** Null of a key that is good for minutes. */
  readonly sshKeyId: string | null
  readonly sandboxId: string
}

/** The row, while it and the SSH key behind it are good. */
const live = `
  SELECT session.id, session."tenantId", session."userId", session."keyId", session."sandboxId"
  FROM ssh_session AS session LEFT JOIN ssh_key ON ssh_key.id = session."sshKeyId"
  WHERE session.hash = $1 AND session."expiresAt" > now() AT TIME ZONE 'UTC'
    AND (ssh_key."expiresAt" IS NULL OR ssh_key."expiresAt" > now() AT TIME ZONE 'UTC')`
/** No longer than the SSH key behind it. @param key where its id is */
const until = (key: string) => `
  least(now() AT TIME ZONE 'UTC' + interval '${renewedSeconds} seconds', (SELECT "expiresAt" FROM ssh_key WHERE id = ${key}))`

/**
 * Connections by SSH. Each has a token that is worth one sandbox, in the name of who has opened it: the gateway has no access of its own,
 * and what was taken from it opens nothing else. A session ends with the SSH key, the API key, the membership or the gateway.
 */
export class SshSessions {
  readonly #believed = new LRUCache<string, Principal>({ max: maxBelieved, ttl: believedMs })
  /** Counts changes: what was read before one is not kept after it. */
  #changes = 0

  constructor(
    private readonly database: Database,
    private readonly principals: Principals,
  ) {
    principals.onChange(() => {
      this.#changes++
      this.#believed.clear()
    })
  }

  /** @returns the token */
  async open({ tenantId, userId, keyId, sshKeyId, sandboxId }: SessionOwner): Promise<string> {
    const token = `${prefix}${randomBytes(32).toString('base64url')}`
    await this.database.pool.query(
      `INSERT INTO ssh_session (id, "sshKeyId", hash, "tenantId", "userId", "keyId", "sandboxId", "expiresAt")
       VALUES ($1, $2, $3, $4, $5, $6, $7, ${until('$2')})`,
      [newId('xs'), sshKeyId, sha256(token), tenantId, userId, keyId, sandboxId],
    )
    return token
  }

  /**
   * Who calls, when it is by SSH.
   * @param path of the route, as it is registered
   * @param id what its path names
   * @returns undefined for every other credential
   * @throws ApiError `unauthenticated`; `forbidden` for what no connection does, and while an exam goes on
   */
  async identify(request: Carrier, path: string, id: string | undefined): Promise<Principal | undefined> {
    const token = tokenOf(request)
    if (token === undefined) return undefined
    const who = await this.#principalOf(token)
    if (!allowed.test(path) || id !== who.ssh?.sandboxId) {
      throw forbidden('a connection by SSH is for the processes, files and ports of one sandbox')
    }
    return who
  }

  /** For the connection itself. @throws ApiError `unauthenticated`, `forbidden` */
  async require(request: Carrier): Promise<SshPrincipal> {
    const token = tokenOf(request)
    const who = token === undefined ? undefined : await this.#principalOf(token)
    if (who?.ssh === undefined) throw new ApiError('unauthenticated', 'this is for connections by SSH')
    return { ...who, ssh: who.ssh }
  }

  /** It goes on for some minutes. */
  async renew(id: string): Promise<void> {
    await this.database.pool.query(
      `UPDATE ssh_session SET "expiresAt" = ${until('ssh_session."sshKeyId"')} WHERE id = $1`,
      [id],
    )
  }

  async end(id: string): Promise<void> {
    await this.database.pool.query('DELETE FROM ssh_session WHERE id = $1', [id])
  }

  async #principalOf(token: string): Promise<Principal> {
    const hash = sha256(token)
    const known = this.#believed.get(hash)
    const who = known ?? (await this.#read(hash))
    // An exam begins while somebody is believed.
    assertMay(who, 'ssh.open')
    return who
  }

  async #read(hash: string): Promise<Principal> {
    const changes = this.#changes
    const { rows } = await this.database.pool.query<SessionOwner & { id: string }>({
      ...{ name: 'ssh-session', text: live, values: [hash] },
    })
    const row = rows[0]
    const signer = row === undefined ? undefined : await this.principals.again(row)
    if (row === undefined || signer === undefined) {
      throw new ApiError('unauthenticated', 'the access that this connection was opened with has ended')
    }
    const { id, sandboxId } = row
    const who: Principal = { ...signer, actor: `${signer.actor} by SSH`, ssh: { id, sandboxId } }
    if (changes === this.#changes) this.#believed.set(hash, who)
    return who
  }
}

const tokenOf = ({ headers }: Carrier): string | undefined =>
  /^Bearer\s+(csh_\S+)$/i.exec(headers.authorization ?? '')?.[1]
