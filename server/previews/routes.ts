import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { listeningPort, sandboxParams } from '../../protocol/api/index.js'
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
        ...{ tags, summary: 'List ports at which programs listen', params: sandboxParams },
        description: 'Of a hardened sandbox they cannot be listed: gVisor has a network stack of its own.',
        response: { 200: z.object({ ports: z.array(listeningPort) }) },
      },
      handler: async ({ principal, params }) => ({ ports: await ports.list(principal, params.id) }),
    })
  }
