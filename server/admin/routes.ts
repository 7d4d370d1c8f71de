import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import type pg from 'pg'
import { z } from 'zod'
import {
  type AdminTenant,
  adminNode,
  adminTenant,
  changeTenant,
  quota,
  quotaUsed,
  tenantId,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { inTransaction } from '../database/client.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import { admission } from '../sandboxes/admission.js'
import { usedBy } from '../tenants/used.js'
import { poolRoutes } from './pools.js'
import { type QuarantineParts, quarantineRoutes } from './quarantine.js'
import { userRoutes } from './users.js'

/** `/admin/*`: for operators, across tenants. */
export const adminRoutes =
  (parts: QuarantineParts, publicUrl: string): FastifyPluginAsyncZod =>
  async (app) => {
    const { database, runtime } = parts
    const { prisma, pool } = database
    const tags = ['admin']
    app.addHook('preHandler', async (request) => {
      if (!request.principal.operator) throw forbidden('only operators can do this')
    })

    await app.register(poolRoutes(database, runtime))
    await app.register(quarantineRoutes(parts))
    await app.register(userRoutes(database, publicUrl))

    const presentTenant = async (id: string): Promise<AdminTenant> => {
      const row = await prisma.tenant.findUnique({
        where: { id },
        include: { _count: { select: { members: true } } },
      })
      if (row === null) throw notFound('tenant')
      const { name, paused, _count } = row
      const createdAt = row.createdAt.toISOString()
      const used = await usedBy(pool, id)
      return { id, name, createdAt, members: _count.members, quota: quota.parse(row.quota), used, paused }
    }

    app.route({
      method: 'GET',
      url: '/node',
      schema: { tags, summary: 'The node and its pools', response: { 200: adminNode } },
      handler: () => runtime.node(),
    })
    app.route({
      method: 'GET',
      url: '/tenants',
      schema: {
        ...{ tags, summary: 'Every tenant, newest first' },
        response: { 200: z.object({ tenants: z.array(adminTenant) }) },
      },
      handler: async () => {
        const rows = await prisma.tenant.findMany({
          select: { id: true },
          orderBy: { createdAt: 'desc' },
          take: 500,
        })
        return { tenants: await Promise.all(rows.map((row) => presentTenant(row.id))) }
      },
    })
    app.route({
      method: 'PATCH',
      url: '/tenants/:id',
      schema: {
        ...{ tags, summary: "Change a tenant's quota", params: z.object({ id: tenantId }) },
        ...{ body: changeTenant, response: { 200: adminTenant } },
      },
      handler: async (request) => {
        const { id } = request.params
        // Locked as by an admission: two changes at once both hold, and nothing is admitted in between.
        const change = async (client: pg.PoolClient, answers: readonly pg.QueryResult[]) => {
          const row = answers.at(-1)?.rows[0]
          if (row === undefined) throw notFound('tenant')
          const used = quotaUsed.parse(row)
          const wanted = quota.parse({ ...quota.parse(row.quota), ...request.body.quota })
          for (const part of ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const) {
            if (wanted[part] < used[part]) {
              throw new ApiError(
                'conflict',
                `the tenant uses ${used[part]} of ${part}, more than the requested ${wanted[part]}; the quota was not changed`,
              )
            }
          }
          // The kernel first: what it refuses must not stand in the database.
          await runtime.setQuota(id, wanted)
          await client.query('UPDATE tenant SET quota = $2 WHERE id = $1', [id, wanted])
          return wanted
        }
        const wanted = await inTransaction(pool, change, admission(id, ''))
        await audit(prisma, { tenantId: id, actor: request.principal.actor }, 'tenant.quota', id, wanted)
        return presentTenant(id)
      },
    })
    for (const action of ['pause', 'resume'] as const) {
      app.route({
        method: 'POST',
        url: `/tenants/:id/${action}`,
        schema: {
          ...{ tags, summary: `${action === 'pause' ? 'Freeze' : 'Thaw'} everything a tenant runs` },
          ...{ params: z.object({ id: tenantId }), response: { 200: adminTenant } },
        },
        handler: async (request) => {
          const { id } = request.params
          await presentTenant(id)
          await prisma.tenant.update({ where: { id }, data: { paused: action === 'pause' } })
          await runtime.actOnTenant(id, action).catch((error: unknown) => {
            // A tenant without sandboxes has nothing to freeze.
            if (!(error instanceof ApiError && error.code === 'not_found')) throw error
          })
          await audit(prisma, { tenantId: id, actor: request.principal.actor }, `tenant.${action}`, id)
          return presentTenant(id)
        },
      })
    }
  }
