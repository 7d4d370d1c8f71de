import { z } from 'zod'
import { installationId, nodeId, quarantineId, sandboxParams } from '../../protocol/api/index.js'
import { quarantineRequest, restoreRequest } from '../../protocol/node/index.js'
import type { Routes } from '../http/app.js'
import type { Installation } from '../installation.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'

const entryParams = z.object({ id: quarantineId })

/** The calls about sandboxes that were set aside, and about whose node this is. */
export const quarantineRoutes =
  (services: {
    readonly context: NodeContext
    readonly sandboxes: Sandboxes
    readonly installation: Installation
  }): Routes =>
  async (app) => {
    const { context, sandboxes, installation } = services
    app.get('/quarantine', async () => ({ entries: await context.quarantine.list() }))
    app.post(
      '/sandboxes/:id/quarantine',
      { schema: { params: sandboxParams, body: quarantineRequest } },
      ({ params, body }) => sandboxes.quarantine(params.id, body),
    )
    app.post(
      '/quarantine/:id/restore',
      { schema: { params: entryParams, body: restoreRequest } },
      async ({ params, body }) => sandboxes.descriptions.of(await sandboxes.restore(params.id, body), false),
    )
    app.delete('/quarantine/:id', { schema: { params: entryParams } }, async ({ params }, reply) => {
      await context.quarantine.discard(params.id)
      reply.code(204)
    })
    app.put(
      '/installation',
      { schema: { body: z.object({ id: installationId, node: nodeId.optional() }) } },
      async ({ body }, reply) => {
        installation.set(body)
        reply.code(204)
      },
    )
  }
