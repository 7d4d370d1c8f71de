import { z } from 'zod'
import { type Port, type PortShare, portVisibility, type SharePort } from '../../protocol/api/index.js'
import { listeningPorts } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import type { PreviewHosts } from './hosts.js'
import type { Previews } from './previews.js'

/** Of one sandbox. */
const maxShared = 100

const shareRow = z.object({ port: z.number(), visibility: portVisibility, expiresAt: z.date().nullable() })
type ShareRow = z.infer<typeof shareRow>

const shares = `
  SELECT port, visibility, share."expiresAt" FROM port_share AS share JOIN sandbox ON sandbox.id = share."sandboxId"
  WHERE "sandboxId" = $1 AND sharer_sees(share."tenantId", share."memberId", share."keyId", sandbox."ownerId")
    AND (share."expiresAt" IS NULL OR share."expiresAt" > now() AT TIME ZONE 'UTC')`
/** So that of many at once none gets past the bound; who has waited counts in a statement of its own, which sees the others. */
const lock = 'SELECT FROM sandbox WHERE id = $1 AND "tenantId" = $2 AND "deletedAt" IS NULL FOR UPDATE'
const share = `
  INSERT INTO port_share ("sandboxId", port, "tenantId", visibility, "expiresAt", "memberId", "keyId")
  SELECT $1, $3::INTEGER, $2, $4, $5, (SELECT id FROM member WHERE "tenantId" = $2 AND "userId" = $6), $7
  WHERE (SELECT count(*) FROM port_share WHERE "sandboxId" = $1 AND port <> $3) < ${maxShared}
  ON CONFLICT ("sandboxId", port) DO UPDATE SET visibility = excluded.visibility, "expiresAt" = excluded."expiresAt",
    "memberId" = excluded."memberId", "keyId" = excluded."keyId"`

/** The ports of sandboxes, and who may open them. */
export class PortService {
  constructor(
    private readonly database: Database,
    private readonly sandboxes: SandboxService,
    private readonly hosts: PreviewHosts,
    private readonly previews: Previews,
  ) {}

  /** What listens there now, and what is shared. In one that does not run nothing listens. */
  async list(who: Principal, sandboxId: string): Promise<Port[]> {
    const node = await this.sandboxes.authorize(who, 'port.read', sandboxId)
    const [{ ports: listening }, { rows }] = await Promise.all([
      node.ask('GET', `/sandboxes/${sandboxId}/ports`, listeningPorts),
      this.database.pool.query({ name: 'port-shares', text: shares, values: [sandboxId] }),
    ])
    const shared = new Map(
      z
        .array(shareRow)
        .parse(rows)
        .map((row) => [row.port, row]),
    )
    const silent = [...shared.keys()].filter((port) => !listening.some((one) => one.port === port))
    return [...listening, ...silent.map((port) => ({ port, address: null, process: null }))]
      .map((one) => ({ ...one, ...this.#present(sandboxId, one.port, shared.get(one.port)) }))
      .toSorted((a, b) => a.port - b.port)
  }

  /**
   * Says who may open a port, whether something listens there or not. Whoever has it open and may not any more is cut off.
   * @throws ApiError `invalid_request`, `conflict` when too many are shared
   */
  async share(who: Principal, sandboxId: string, port: number, wanted: SharePort): Promise<PortShare> {
    assertMay(who, 'port.share')
    const { visibility } = wanted
    const expiresAt = wanted.expiresAt === undefined ? null : new Date(wanted.expiresAt)
    if (expiresAt !== null && visibility !== 'public') {
      throw new ApiError('invalid_request', 'expiresAt: only what is public expires')
    }
    if (expiresAt !== null && expiresAt.getTime() <= Date.now()) {
      throw new ApiError('invalid_request', 'expiresAt: is in the past')
    }
    const { pool, prisma } = this.database
    await this.sandboxes.row(who, 'port.share', sandboxId)
    if (visibility === 'private') {
      await pool.query('DELETE FROM port_share WHERE "sandboxId" = $1 AND port = $2', [sandboxId, port])
    } else {
      const { rowCount } = await inTransaction(pool, async (client) => {
        const locked = await client.query(lock, [sandboxId, who.tenantId])
        if (locked.rowCount !== 1) throw notFound('sandbox')
        return client.query(share, [
          ...[sandboxId, who.tenantId, port, visibility, expiresAt, who.userId, who.keyId],
        ])
      })
      if (rowCount !== 1)
        throw new ApiError('conflict', `at most ${maxShared} ports of a sandbox can be shared`)
    }
    // Other servers are told by the database.
    this.previews.changed({ sandboxId, port })
    const until = expiresAt === null ? {} : { expiresAt: expiresAt.toISOString() }
    await audit(prisma, who, 'port.share', sandboxId, { port, visibility, ...until })
    return { port, ...this.#present(sandboxId, port, { port, visibility, expiresAt }) }
  }

  #present(sandboxId: string, port: number, row: ShareRow | undefined): Omit<PortShare, 'port'> {
    return {
      url: this.hosts.origin({ sandboxId, port }),
      visibility: row?.visibility ?? 'private',
      expiresAt: row?.expiresAt?.toISOString() ?? null,
    }
  }
}
