import { z } from 'zod'
import {
  diskId,
  installationId,
  nodeId,
  quarantineId,
  sandboxParams,
  snapshotId,
} from '../../protocol/api/index.js'
import { quarantineRequest, restoreDiskRequest, restoreRequest } from '../../protocol/node/index.js'
import type { Routes } from '../http/app.js'
import type { Installation } from '../installation.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import type { Volumes } from '../volume/volumes.js'

const entryParams = z.object({ id: quarantineId })
const diskParams = z.object({ id: diskId })
const isSnapshot = (id: string) => snapshotId.safeParse(id).success

/** The calls about sandboxes that were set aside, and about whose node this is. */
export const quarantineRoutes =
  (services: {
    readonly context: NodeContext
    readonly sandboxes: Sandboxes
    readonly installation: Installation
    readonly snapshots: Snapshots
    readonly volumes: Volumes
    templates(): ReadonlyMap<string, LocalTemplate>
  }): Routes =>
  async (app) => {
    const { context, sandboxes, installation, snapshots, volumes } = services
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
    app.get('/orphan-disks', async () => ({ disks: [...volumes.orphans(), ...snapshots.orphans()] }))
    app.post(
      '/orphan-disks/:id/restore',
      { schema: { params: diskParams, body: restoreDiskRequest } },
      async ({ params: { id }, body }) =>
        isSnapshot(id)
          ? { snapshot: await snapshots.restore(id, body, services.templates()) }
          : { volume: await volumes.restore(id, body) },
    )
    app.delete('/orphan-disks/:id', { schema: { params: diskParams } }, async ({ params }, reply) => {
      await (isSnapshot(params.id) ? snapshots : volumes).discard(params.id)
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
