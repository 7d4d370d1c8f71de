import { isDeepStrictEqual } from 'node:util'
import type pg from 'pg'
import type { Logger } from 'pino'
import {
  limits as limitsSchema,
  type StoredVolumeMount,
  storedLimits,
  type UpdateSandbox,
} from '../../protocol/api/index.js'
import { storedNetwork } from '../../protocol/api/stored-network.js'
import type { RuntimeSandbox } from '../../protocol/node/index.js'
import { audit } from '../audit.js'
import { assertMayRelease } from '../auth/copies.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { assertChangeWithin } from '../auth/within-limits.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { ServerNode } from '../nodes/node.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { moreOfStudent, requireRoomOfStudent } from '../tenants/student-quota.js'
import { admission, admit, nameTaken, quotaUsage } from './admission.js'
import type { Ownership, Row } from './ownership.js'
import { present, volumesOf } from './rows.js'
import { nodeOfVolumes } from './volumes.js'

/** Changes of sandboxes that both their rows and their nodes have. */
export class Changes {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly ownership: Ownership,
  ) {}

  /** Sets what `wanted` names and nothing else, under a lock of the row: two changes at once both hold. */
  async update(who: Principal, id: string, wanted: UpdateSandbox): Promise<void> {
    const known = await this.ownership.row(who, 'sandbox.change', id)
    const { nodeId } = known
    const { volumes } = wanted
    if (volumes !== undefined) await this.#assertThere(who, volumes, nodeId)
    const change = async (client: pg.PoolClient, answers: readonly pg.QueryResult[]) => {
      const row = await lockRow(client, id)
      const before = present(row, undefined)
      const limits = limitsSchema.parse({ ...before.limits, ...wanted.limits })
      const network = wanted.network ?? before.network
      assertChangeWithin(who, wanted, limits)
      const awake = ['creating', 'running', 'paused'].includes(row.state)
      if (wanted.limits !== undefined) {
        admit(quotaUsage(answers), limits, { awake })
        await requireRoomOfStudent(client, row, moreOfStudent(before.limits, limits, awake), id)
      }
      if (volumes !== undefined && awake) {
        throw new ApiError('conflict', 'stop the sandbox first: volumes of one that runs cannot be changed')
      }
      if (wanted.copyOf === null) {
        assertMayRelease(who, row.ownerId)
        await client.query(
          `UPDATE schedule SET "ownerId" = '' WHERE "ownerId" = $2 AND ($1 IN ("sandboxId", source->>'sandbox'))`,
          [id, row.ownerId],
        )
      }
      const { ttlSeconds } = wanted
      const ends = ttlSeconds == null ? null : new Date(row.createdAt.getTime() + ttlSeconds * 1000)
      const set = Object.entries({
        name: wanted.name,
        ownerId: wanted.copyOf === null ? '' : undefined,
        limits: wanted.limits === undefined ? undefined : JSON.stringify(limits),
        network: wanted.network === undefined ? undefined : JSON.stringify(network),
        metadata: wanted.metadata === undefined ? undefined : JSON.stringify(wanted.metadata),
        idle: wanted.idle && JSON.stringify(wanted.idle),
        restart: wanted.restart,
        volumes: volumes === undefined ? undefined : volumes.length === 0 ? null : JSON.stringify(volumes),
        // Until now nobody wrote down when it was used.
        activeAt: wanted.idle ? new Date() : undefined,
        ttlSeconds,
        expiresAt: ttlSeconds === undefined ? undefined : ends,
      }).filter(([, value]) => value !== undefined)
      if (set.length > 0) {
        await client.query(
          `UPDATE sandbox SET ${set.map(([name], at) => `"${name}" = $${at + 2}`).join(', ')} WHERE id = $1`,
          [id, ...set.map(([, value]) => value)],
        )
      }
      // The kernel may refuse; then nothing has changed. Should the commit fail after it, `repair` sets it back.
      if (wanted.limits !== undefined || wanted.network !== undefined || volumes !== undefined) {
        const node = await this.nodes.reach(nodeId)
        await node.change(id, { limits, network, ...(volumes === undefined ? {} : { volumes }) })
      }
    }
    // Whoever deletes a volume locks the row of the tenant too.
    const first = wanted.limits === undefined && volumes === undefined ? [] : admission(who.tenantId, id)
    await inTransaction(this.database.pool, change, first).catch(async (error: unknown) => {
      const { name = known.name, copyOf } = wanted
      const owner = copyOf === null ? '' : known.ownerId
      throw await nameTaken(error, this.database.pool, { tenantId: who.tenantId, ownerId: owner, name }, who)
    })
    if (wanted.copyOf === null) {
      this.ownership.forget(id)
      await audit(this.database.prisma, who, 'sandbox.publish', id, { name: wanted.name ?? known.name })
    }
    const changed = Object.keys(wanted).filter((one) => one !== 'copyOf')
    if (changed.length > 0 || wanted.copyOf === undefined) {
      await audit(this.database.prisma, who, 'sandbox.update', id, { changed })
    }
  }

  /** @throws ApiError `not_found`; `conflict` when they are on another node than the sandbox */
  async #assertThere(who: Principal, mounts: readonly StoredVolumeMount[], nodeId: string | null) {
    assertMay(who, 'volume.read')
    const home = await nodeOfVolumes(
      this.database,
      who,
      mounts.map(({ volume }) => volume),
    )
    if (home === undefined || home === nodeId) return
    throw new ApiError('conflict', 'the sandbox and the volumes are on different nodes')
  }

  /**
   * Gives sandboxes of a node the limits, the network and the volumes that their rows say, where these differ: after a server or
   * a database that died in the middle of a change.
   */
  async repair({ id: nodeId, runtime }: ServerNode, log: Logger): Promise<void> {
    const statuses = await runtime.list()
    const rows = await this.database.prisma.sandbox.findMany({
      where: { id: { in: statuses.map(({ id }) => id) }, deletedAt: null, nodeId },
      select: { id: true, limits: true, network: true, volumes: true },
    })
    const byId = new Map(rows.map((row) => [row.id, row]))
    for (const one of statuses) {
      const row = byId.get(one.id)
      if (row === undefined || agrees(row, one)) continue
      await inTransaction(this.database.pool, async (client) => {
        const now = await lockRow(client, one.id)
        if (agrees(now, await runtime.get(one.id))) return
        const { limits, network, volumes } = present(now, undefined)
        const changed = isDeepStrictEqual(volumes, one.volumes) ? {} : { volumes }
        log.warn({ id: one.id, limits, had: one.limits }, 'a sandbox is set to the limits that its row says')
        await runtime.change(one.id, { limits, network, ...changed })
      }).catch((error: unknown) =>
        log.warn({ error, id: one.id }, 'limits of a sandbox could not be repaired'),
      )
    }
  }
}

/** @throws ApiError `not_found` when it was deleted meanwhile */
export async function lockRow(client: pg.PoolClient, id: string): Promise<Row> {
  const { rows } = await client.query<Row>('SELECT * FROM sandbox WHERE id = $1 FOR UPDATE', [id])
  if (rows[0] === undefined || rows[0].deletedAt !== null) throw notFound('sandbox')
  return rows[0]
}

const agrees = (
  row: Pick<Row, 'limits' | 'network' | 'volumes'>,
  { limits, network, volumes, state }: RuntimeSandbox,
) =>
  // While it runs it keeps those that it has.
  (state === 'running' || state === 'paused' || isDeepStrictEqual(volumesOf(row), volumes)) &&
  isDeepStrictEqual(storedLimits.parse(row.limits), storedLimits.parse(limits)) &&
  isDeepStrictEqual(storedNetwork.parse(row.network), storedNetwork.parse(network))
