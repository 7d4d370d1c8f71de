import type { OpenSshAccess, SshAccess, SshServer, SshStatus } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import { readPublicKey } from './public-key.js'

/** Time enough to connect, and to connect again while a network is bad. */
const minutes = 5
/** Of one tenant, at a time. */
const maxOpen = 2000

const forgetOld = `DELETE FROM ssh_access WHERE "tenantId" = $1 AND "expiresAt" < now() AT TIME ZONE 'UTC'`
const openOf = 'SELECT count(*)::INTEGER AS count FROM ssh_access WHERE "tenantId" = $1'

/** Keys that are made for one connection: for whoever is signed in already, so that they need not keep a key here. */
export class SshAccessService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly server: SshServer | null,
  ) {}

  status(who: Principal): SshStatus {
    assertMay(who, 'tenant.read')
    return { server: this.server }
  }

  /** Asked again with the same key it lasts longer. @throws ApiError `invalid_request`; `conflict` for a key of somebody else */
  async open(who: Principal, sandboxId: string, { publicKey }: OpenSshAccess): Promise<SshAccess> {
    await this.sandboxes.row(who, 'ssh.open', sandboxId)
    const key = readPublicKey(publicKey)
    if (typeof key === 'string') throw new ApiError('invalid_request', `publicKey: ${key}`)
    const { tenantId, userId, keyId } = who
    const { pool } = this.database
    await pool.query(forgetOld, [tenantId])
    const open = await pool.query<{ count: number }>(openOf, [tenantId])
    if ((open.rows[0]?.count ?? 0) >= maxOpen) {
      throw new ApiError('rate_limited', 'this tenant lets in too many keys; try again in some minutes', 60)
    }
    const { rows } = await pool.query<{ expiresAt: Date }>(
      `INSERT INTO ssh_access (fingerprint, "publicKey", "tenantId", "userId", "keyId", "sandboxId", "expiresAt")
       SELECT $1, $2, $3, $4, $5, $6, now() AT TIME ZONE 'UTC' + interval '${minutes} minutes'
       WHERE NOT EXISTS (SELECT FROM ssh_key WHERE fingerprint = $1)
       ON CONFLICT (fingerprint, "sandboxId") DO UPDATE SET "expiresAt" = excluded."expiresAt"
         WHERE ssh_access."tenantId" = excluded."tenantId" AND ssh_access."userId" IS NOT DISTINCT FROM excluded."userId"
           AND ssh_access."keyId" IS NOT DISTINCT FROM excluded."keyId"
       RETURNING "expiresAt"`,
      [key.fingerprint, key.text, tenantId, userId, keyId, sandboxId],
    )
    if (rows[0] === undefined) {
      throw new ApiError(
        'conflict',
        'publicKey: this key lets in an account already, or somebody else; make one for this',
      )
    }
    await audit(this.database.prisma, who, 'ssh.access', sandboxId, { fingerprint: key.fingerprint })
    return { server: this.server, user: sandboxId, expiresAt: rows[0].expiresAt.toISOString() }
  }
}
