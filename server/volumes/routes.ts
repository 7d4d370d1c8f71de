import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeVolume,
  createVolume,
  createVolumeSnapshot,
  page,
  searchQuery,
  volume,
  volumeList,
  volumeParams,
  volumeSnapshot,
  volumeSnapshotList,
  volumeSnapshotPage,
  volumeSnapshotParams,
} from '../../protocol/api/index.js'
import type { StoredFiles } from '../files/stored.js'
import { storedFileRoutes } from '../files/stored-routes.js'
import { sendEvents } from '../http/events.js'
import type { VolumeService } from './service.js'

const tags = ['volumes']

/** `/volumes` with their files, and `/volume-snapshots`. */
export const volumeRoutes =
  (volumes: VolumeService, files: StoredFiles, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/volumes/:id/files/search',
      {
        schema: {
          ...{ tags, summary: 'Search in files of a volume', params: volumeParams, querystring: searchQuery },
          description:
            'As in those of a sandbox: streams `match` events and then `end`, or `error`. No sandbox needs to have the volume; it is looked at read-only, as root. Four at once for each tenant on a node.',
          response: { 200: z.unknown().describe('events') },
        },
      },
      async ({ principal, params, query }, reply) => {
        const aborted = new AbortController()
        reply.raw.once('close', () => aborted.abort())
        return sendEvents(
          reply,
          await volumes.search(principal, params.id, query, aborted.signal),
          heartbeatMs,
        )
      },
    )
    app.route({
      method: 'POST',
      url: '/volumes',
      schema: {
        ...{ tags, summary: 'Create a volume, empty or from a snapshot of one', body: createVolume },
        response: { 201: volume },
      },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return volumes.create(principal, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/volumes',
      schema: {
        ...{ tags, summary: 'List volumes, newest first', querystring: page },
        response: { 200: volumeList },
      },
      handler: async ({ principal, query }) => volumes.list(principal, query),
    })
    app.route({
      method: 'GET',
      url: '/volumes/:id',
      schema: { ...{ tags, summary: 'Read a volume', params: volumeParams, response: { 200: volume } } },
      handler: async ({ principal, params }) => volumes.get(principal, params.id),
    })
    app.route({
      method: 'PATCH',
      url: '/volumes/:id',
      schema: {
        ...{ tags, summary: 'Rename a volume, or change its size', params: volumeParams, body: changeVolume },
        description: 'Sandboxes that have it go on. It is never made smaller than what it holds.',
        response: { 200: volume },
      },
      handler: async ({ principal, params, body }) => volumes.change(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/volumes/:id',
      schema: {
        ...{ tags, summary: 'Delete a volume', params: volumeParams, response: { 204: z.null() } },
        description: 'Refused while a sandbox has it, running or not. Snapshots of it stay.',
      },
      handler: async ({ principal, params }, reply) => {
        await volumes.remove(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/volumes/:id/snapshots',
      schema: {
        ...{ tags, summary: 'Take a snapshot of a volume', params: volumeParams },
        description:
          'Nothing is copied, and sandboxes go on meanwhile: it is as the volume was at one moment.',
        ...{ body: createVolumeSnapshot.default({}), response: { 201: volumeSnapshot } },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return volumes.snapshot(principal, params.id, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/volume-snapshots',
      schema: {
        ...{ tags, summary: 'List snapshots of volumes, newest first', querystring: volumeSnapshotPage },
        response: { 200: volumeSnapshotList },
      },
      handler: async ({ principal, query }) => volumes.listSnapshots(principal, query),
    })
    app.route({
      method: 'DELETE',
      url: '/volume-snapshots/:id',
      schema: {
        ...{ tags, summary: 'Delete a snapshot of a volume', params: volumeSnapshotParams },
        ...{ response: { 204: z.null() }, description: 'Volumes that were made from it stay as they are.' },
      },
      handler: async ({ principal, params }, reply) => {
        await volumes.removeSnapshot(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    await app.register(
      storedFileRoutes({ files, base: '/volumes', params: volumeParams, tags, of: ' in a volume' }),
    )
  }
