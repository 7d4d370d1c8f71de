import type pg from 'pg'
import type { z } from 'zod'
import {
  type AdminTenant,
  type changeTenant,
  type Quota,
  quota,
  quotaUsed,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { NodeRegistry } from '../nodes/registry.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { admission } from '../sandboxes/admission.js'
import { usedBy } from '../tenants/used.js'
import type { DiskUses } from '../usage/disk.js'

const tenantsMax = 500

/** Every tenant of the installation, for operators. */
export class TenantAdministration {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
    private readonly disks: DiskUses,
  ) {}

  async list(who: Principal): Promise<AdminTenant[]> {
    assertMay(who, 'tenants.read')
    const rows = await this.database.prisma.tenant.findMany({
      select: { id: true },
      orderBy: { createdAt: 'desc' },
      take: tenantsMax,
    })
    const { of } = await this.disks.read()
    return Promise.all(rows.map(async ({ id }) => ({ ...(await this.#present(id)), disk: of(id) })))
  }

  /** @throws ApiError `conflict` when the tenant uses more than it would have */
  async changeQuota(
    who: Principal,
    id: string,
    asked: z.infer<typeof changeTenant>['quota'],
  ): Promise<AdminTenant> {
    assertMay(who, 'tenants.change')
    // Locked as by an admission: two changes at once both hold, and nothing is admitted in between.
    const change = async (client: pg.PoolClient, answers: readonly pg.QueryResult[]) => {
      const row = answers.at(-1)?.rows[0]
      if (row === undefined) throw notFound('tenant')
      const used = quotaUsed.parse(row)
      const wanted = quota.parse({ ...quota.parse(row.quota), ...asked })
      for (const part of ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const) {
        if (wanted[part] < used[part]) {
          throw new ApiError(
            'conflict',
            `the tenant uses ${used[part]} of ${part}, more than the requested ${wanted[part]}; the quota was not changed`,
          )
        }
      }
      // The kernel first: what it refuses must not stand in the database.
      await this.#setQuota(id, wanted, quota.parse(row.quota))
      await client.query('UPDATE tenant SET quota = $2 WHERE id = $1', [id, wanted])
      return wanted
    }
    const wanted = await inTransaction(this.database.pool, change, admission(id, ''))
    await audit(this.database.prisma, { tenantId: id, actor: who.actor }, 'tenant.quota', id, wanted)
    return this.#present(id)
  }

  /** Freezes or thaws everything that a tenant runs. */
  async act(who: Principal, id: string, action: 'pause' | 'resume'): Promise<AdminTenant> {
    assertMay(who, 'tenants.change')
    await this.#present(id)
    const { prisma } = this.database
    await prisma.tenant.update({ where: { id }, data: { paused: action === 'pause' } })
    // A node that is unreachable is told when it is back (`nodes/agree.ts`).
    const acts = await this.#onNodes((node) => node.actOnTenant(id, action))
    for (const act of acts) {
      // A tenant without sandboxes has nothing to freeze.
      const isNothing = act.error instanceof ApiError && act.error.code === 'not_found'
      if (act.error !== undefined && !isNothing) throw act.error
    }
    await audit(prisma, { tenantId: id, actor: who.actor }, `tenant.${action}`, id)
    return this.#present(id)
  }

  /** Either all nodes have the new quota afterwards, or none. */
  async #setQuota(id: string, wanted: Quota, before: Quota): Promise<void> {
    const told = await this.#onNodes((node) => node.setQuota(id, wanted))
    const failed = told.find(({ error }) => error !== undefined)
    if (failed === undefined) return
    for (const { node, error } of told) {
      if (error === undefined) await node.runtime.setQuota(id, before).catch(() => {}) // the next claim says it again
    }
    throw failed.error
  }

  async #onNodes(act: (node: RuntimeClient) => Promise<unknown>) {
    const nodes = (await this.nodes.all()).filter(({ state }) => state !== 'unreachable')
    return Promise.all(
      nodes.map(async (node) => ({
        node,
        error: await act(node.runtime).then(
          () => undefined,
          (error: unknown) => error,
        ),
      })),
    )
  }

  async #present(id: string): Promise<AdminTenant> {
    const row = await this.database.prisma.tenant.findUnique({
      where: { id },
      include: { _count: { select: { members: true } } },
    })
    if (row === null) throw notFound('tenant')
    const { name, paused, _count } = row
    const createdAt = row.createdAt.toISOString()
    const used = await usedBy(this.database.pool, id)
    return { id, name, createdAt, members: _count.members, quota: quota.parse(row.quota), used, paused }
  }
}
