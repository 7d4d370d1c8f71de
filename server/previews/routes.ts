import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { port, portParams, portShare, sandboxParams, sharePort } from '../../protocol/api/index.js'
import type { PortService } from './service.js'

const tags = ['ports']

/** `/sandboxes/{id}/ports` and what is below it. */
export const portRoutes =
  (ports: PortService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/ports',
      schema: {
        ...{
          tags,
          summary: 'List ports at which programs listen, and those that are shared',
          params: sandboxParams,
        },
        description:
          'Of a hardened sandbox they are listed without the names of programs, and cannot be opened.',
        response: { 200: z.object({ ports: z.array(port) }) },
      },
      handler: async ({ principal, params }) => ({ ports: await ports.list(principal, params.id) }),
    })
    app.route({
      method: 'PUT',
      url: '/sandboxes/:id/ports/:port',
      schema: {
        ...{ tags, summary: 'Say who may open a port', params: portParams },
        description: 'It holds at once, also for what is open. Something may begin to listen there later.',
        ...{ body: sharePort, response: { 200: portShare } },
      },
      handler: async ({ principal, params, body }) => ports.share(principal, params.id, params.port, body),
    })
  }
