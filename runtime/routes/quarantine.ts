import { z } from 'zod'
import { installationId, quarantineId, sandboxId } from '../../protocol/api/index.js'
import { quarantineRequest, restoreRequest } from '../../protocol/node/index.js'
import type { Route } from '../http/server.js'
import type { Installation } from '../installation.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'

/** The calls about sandboxes that were set aside, and about whose node this is. */
export function quarantineRoutes(services: {
  readonly context: NodeContext
  readonly sandboxes: Sandboxes
  readonly installation: Installation
}): Route[] {
  const { context, sandboxes, installation } = services
  return [
    {
      method: 'GET',
      path: /^\/quarantine$/,
      handle: async () => ({ entries: await context.quarantine.list() }),
    },
    {
      method: 'POST',
      path: /^\/sandboxes\/([^/]+)\/quarantine$/,
      handle: async (request, id = '') =>
        sandboxes.quarantine(sandboxId.parse(id), await request.body(quarantineRequest)),
    },
    {
      method: 'POST',
      path: /^\/quarantine\/([^/]+)\/restore$/,
      handle: async (request, id = '') => {
        const wanted = await request.body(restoreRequest)
        return sandboxes.describe(await sandboxes.restore(quarantineId.parse(id), wanted), false)
      },
    },
    {
      method: 'DELETE',
      path: /^\/quarantine\/([^/]+)$/,
      handle: async (_, id = '') => context.quarantine.discard(quarantineId.parse(id)),
    },
    {
      method: 'PUT',
      path: /^\/installation$/,
      handle: async (request) => installation.set((await request.body(z.object({ id: installationId }))).id),
    },
  ]
}
