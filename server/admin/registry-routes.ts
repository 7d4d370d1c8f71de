import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { addNode, changeNode, nodeId, nodeList, registeredNode } from '../../protocol/api/index.js'
import type { RegistryService } from '../nodes/service.js'

/** `/admin/nodes`: where sandboxes run. */
export const registryRoutes =
  (registry: RegistryService): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['admin']
    const params = z.object({ id: nodeId })
    app.route({
      method: 'GET',
      url: '/nodes',
      schema: { tags, summary: 'Every node, with its state and what is on it', response: { 200: nodeList } },
      handler: async (request) => ({ nodes: await registry.list(request.principal) }),
    })
    app.route({
      method: 'POST',
      url: '/nodes',
      schema: { ...{ tags, summary: 'Add a node', body: addNode }, response: { 201: registeredNode } },
      handler: async (request, reply) => {
        reply.code(201)
        return registry.add(request.principal, request.body)
      },
    })
    app.route({
      method: 'PATCH',
      url: '/nodes/:id',
      schema: {
        ...{ tags, summary: 'Rename, label or cordon a node', params, body: changeNode },
        response: { 200: registeredNode },
      },
      handler: (request) => registry.change(request.principal, request.params.id, request.body),
    })
    app.route({
      method: 'DELETE',
      url: '/nodes/:id',
      schema: {
        ...{ tags, summary: 'Remove a node that has no sandboxes', params },
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        await registry.remove(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })
  }
