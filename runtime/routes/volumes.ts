import { z } from 'zod'
import { makeVolume, nodeVolumeId, resizeVolume } from '../../protocol/node/index.js'
import type { Archives } from '../files/archives.js'
import type { Routes } from '../http/app.js'
import type { Volumes } from '../volume/volumes.js'
import { filesBelow } from './files.js'

const params = z.object({ id: nodeVolumeId })

/** Calls about volumes, snapshots of volumes, and the files of volumes. */
export const volumeRoutes =
  ({ archives, volumes }: { readonly archives: Archives; readonly volumes: Volumes }): Routes =>
  async (app) => {
    app.get('/volumes', async () => ({ volumes: volumes.list() }))
    app.put('/volumes/:id', { schema: { params, body: makeVolume } }, async (request, reply) => {
      const { volume, created } = await volumes.make(request.params.id, request.body)
      reply.code(created ? 201 : 200)
      return volume
    })
    app.patch('/volumes/:id', { schema: { params, body: resizeVolume } }, ({ params: { id }, body }) =>
      volumes.resize(id, body.sizeMiB),
    )
    app.delete('/volumes/:id', { schema: { params } }, async (request, reply) => {
      volumes.remove(request.params.id)
      reply.code(204)
    })
    await app.register(filesBelow('/volumes', { archives, filesOf: (id) => volumes.files(id) }))
  }
