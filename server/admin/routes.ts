import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { adminNode, adminTenant, changeTenant, nodeQuery, tenantId } from '../../protocol/api/index.js'
import type { RegistryService } from '../nodes/service.js'
import type { NodeService } from './node-service.js'
import { poolRoutes } from './pool-routes.js'
import { quarantineRoutes } from './quarantine-routes.js'
import type { QuarantineService } from './quarantine-service.js'
import { registryRoutes } from './registry-routes.js'
import { templateRoutes, type WhenReady } from './template-routes.js'
import type { TemplateService } from './template-service.js'
import type { TenantAdministration } from './tenant-service.js'
import { userRoutes } from './user-routes.js'
import type { UserAdministration } from './user-service.js'

/** What operators act on. */
export interface Administration {
  readonly nodes: NodeService
  readonly registry: RegistryService
  readonly quarantine: QuarantineService
  readonly templates: TemplateService
  readonly tenants: TenantAdministration
  readonly users: UserAdministration
}

/** `/admin/*`: for operators, across tenants. */
export const adminRoutes =
  (
    { nodes, registry, quarantine, templates, tenants, users }: Administration,
    whenReady: WhenReady,
  ): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['admin']
    const params = z.object({ id: tenantId })
    await app.register(registryRoutes(registry))
    await app.register(poolRoutes(nodes))
    await app.register(quarantineRoutes(quarantine))
    await app.register(templateRoutes(templates, whenReady))
    await app.register(userRoutes(users))

    app.route({
      method: 'GET',
      url: '/node',
      schema: { tags, summary: 'A node and its pools', querystring: nodeQuery, response: { 200: adminNode } },
      handler: (request) => nodes.read(request.principal, request.query.node),
    })
    app.route({
      method: 'GET',
      url: '/tenants',
      schema: {
        ...{ tags, summary: 'Every tenant, newest first' },
        response: { 200: z.object({ tenants: z.array(adminTenant) }) },
      },
      handler: async (request) => ({ tenants: await tenants.list(request.principal) }),
    })
    app.route({
      method: 'PATCH',
      url: '/tenants/:id',
      schema: {
        ...{ tags, summary: "Change a tenant's quota", params },
        ...{ body: changeTenant, response: { 200: adminTenant } },
      },
      handler: (request) => tenants.changeQuota(request.principal, request.params.id, request.body.quota),
    })
    for (const action of ['pause', 'resume'] as const) {
      app.route({
        method: 'POST',
        url: `/tenants/:id/${action}`,
        schema: {
          ...{ tags, summary: `${action === 'pause' ? 'Freeze' : 'Thaw'} everything a tenant runs` },
          ...{ params, response: { 200: adminTenant } },
        },
        handler: (request) => tenants.act(request.principal, request.params.id, action),
      })
    }
  }
