import type { Logger } from 'pino'
import { z } from 'zod'
import { quota } from '../../protocol/api/index.js'
import { runtimeTenant } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { ServerNode } from './node.js'

const tenantRow = z.object({ id: z.string(), quota, paused: z.boolean() })

/**
 * Tells a node what the database says of the tenants that have sandboxes there: their quotas, and which are paused. It
 * may have missed that while it was away. What it refuses is logged, and holds nothing else up.
 *
 * @throws when the database cannot be read
 */
export async function agreeOnTenants(database: Database, node: ServerNode, log: Logger): Promise<void> {
  const { rows } = await database.pool.query(
    `SELECT id, quota, paused FROM tenant
     WHERE id IN (SELECT "tenantId" FROM sandbox WHERE "nodeId" = $1 AND "deletedAt" IS NULL) ORDER BY id`,
    [node.id],
  )
  for (const tenant of z.array(tenantRow).parse(rows)) {
    await agreeOn(node, tenant).catch((error: unknown) => {
      // It has nothing of the tenant: the row's sandbox is not there, which is told elsewhere.
      if (error instanceof ApiError && error.code === 'not_found') return
      log.warn(
        { err: error, node: node.id, tenant: tenant.id },
        'a node does not take what is said of a tenant',
      )
    })
  }
}

async function agreeOn(
  { runtime }: ServerNode,
  { id, quota, paused }: z.infer<typeof tenantRow>,
): Promise<void> {
  const there = await runtime.ask('GET', `/tenants/${id}`, runtimeTenant)
  await runtime.setQuota(id, quota)
  if (there.paused !== paused) await runtime.actOnTenant(id, paused ? 'pause' : 'resume')
}
