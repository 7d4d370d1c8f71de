import { z } from 'zod'
import { sandboxId, snapshotArchive, snapshotParams } from '../../protocol/api/index.js'
import { ownLayer, rollbackRequest, snapshotLayer } from '../../protocol/node/index.js'
import type { Archives } from '../files/archives.js'
import type { Routes } from '../http/app.js'
import { sendArchive } from '../http/archive.js'
import type { Snapshots } from '../snapshot/snapshots.js'
import type { SnapshotImages } from '../snapshot/template.js'
import { existing } from './params.js'

const snapshotOfSandbox = z.object({ id: sandboxId, snapshotId: snapshotParams.shape.id })

interface Parts {
  readonly archives: Archives
  readonly snapshots: Snapshots
  readonly images: SnapshotImages
}

/** Calls about snapshots of disks. */
export const snapshotRoutes =
  ({ archives, snapshots, images }: Parts): Routes =>
  async (app) => {
    app.put(
      '/sandboxes/:id/snapshots/:snapshotId',
      { schema: { params: snapshotOfSandbox } },
      async ({ params }, reply) => {
        const { snapshot, created } = await snapshots.take(params.snapshotId, params.id)
        reply.code(created ? 201 : 200)
        return snapshot
      },
    )
    app.post(
      '/sandboxes/:id/rollback',
      { schema: { params: existing, body: rollbackRequest } },
      ({ params, body }) => snapshots.rollBack(params.id, body),
    )
    app.get(
      '/sandboxes/:id/changes',
      { schema: { params: existing, querystring: z.object({ limit: z.coerce.number().int().min(1) }) } },
      ({ params, query }) => snapshots.changes(params.id, query.limit),
    )
    app.get('/snapshots', async () => ({ snapshots: snapshots.list() }))
    app.get(
      '/snapshots/:id/archive',
      { schema: { params: snapshotParams, querystring: snapshotArchive } },
      async ({ params, query }, reply) => {
        using root = await snapshots.files(params.id)
        await sendArchive(archives.pack(root, query.path), reply)
      },
    )
    app.get('/snapshots/:id/image', { schema: { params: snapshotParams } }, async ({ params }) =>
      images.image(params.id),
    )
    app.get(
      '/snapshots/:id/layers/:layer',
      { schema: { params: snapshotLayer } },
      ({ params: { id, layer } }, reply) =>
        sendArchive(images.pack(id, layer === ownLayer ? null : layer), reply),
    )
    app.delete('/snapshots/:id', { schema: { params: snapshotParams } }, async ({ params }, reply) => {
      await snapshots.remove(params.id)
      reply.code(204)
    })
  }
