import type pg from 'pg'
import type { z } from 'zod'
import { type AdminTenant, type changeTenant, quota, quotaUsed } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import { admission } from '../sandboxes/admission.js'
import { usedBy } from '../tenants/used.js'

const tenantsMax = 500

/** Every tenant of the installation, for operators. */
export class TenantAdministration {
  constructor(
    private readonly database: Database,
    private readonly runtime: RuntimeClient,
  ) {}

  async list(who: Principal): Promise<AdminTenant[]> {
    assertMay(who, 'tenants.read')
    const rows = await this.database.prisma.tenant.findMany({
      select: { id: true },
      orderBy: { createdAt: 'desc' },
      take: tenantsMax,
    })
    return Promise.all(rows.map((row) => this.#present(row.id)))
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
      await this.runtime.setQuota(id, wanted)
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
    await this.runtime.actOnTenant(id, action).catch((error: unknown) => {
      // A tenant without sandboxes has nothing to freeze.
      if (!(error instanceof ApiError && error.code === 'not_found')) throw error
    })
    await audit(prisma, { tenantId: id, actor: who.actor }, `tenant.${action}`, id)
    return this.#present(id)
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
