import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeSnapshot,
  createSnapshot,
  createSnapshotImage,
  diskChanges,
  forkedSandboxes,
  forkSandbox,
  pushedImage,
  restoredSandbox,
  restoreSnapshot,
  sandboxParams,
  snapshot,
  snapshotArchive,
  snapshotList,
  snapshotPage,
  snapshotParams,
} from '../../protocol/api/index.js'
import { bytes, sendBytes } from '../http/bytes.js'
import { sendWhenReady } from '../http/slow.js'
import type { SnapshotImages } from '../registry/snapshot-image.js'
import type { SnapshotService } from './service.js'

const tags = ['snapshots']

/** `/snapshots`, and what is below a sandbox that is about them. */
export const snapshotRoutes =
  (snapshots: SnapshotService, images: SnapshotImages, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/snapshots',
      schema: {
        ...{ tags, summary: "Take a snapshot of a sandbox's disk", params: sandboxParams },
        description:
          'Nothing is copied. Its processes are frozen meanwhile, so that files are as they were at one moment. Memory is not part of it.',
        ...{ body: createSnapshot.default({}), response: { 201: snapshot } },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return snapshots.create(principal, params.id, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/snapshots',
      schema: {
        ...{ tags, summary: 'List snapshots, newest first', querystring: snapshotPage },
        response: { 200: snapshotList },
      },
      handler: async ({ principal, query }) => snapshots.list(principal, query),
    })
    app.route({
      method: 'GET',
      url: '/snapshots/:id',
      schema: {
        ...{ tags, summary: 'Read a snapshot', params: snapshotParams, response: { 200: snapshot } },
      },
      handler: async ({ principal, params }) => snapshots.get(principal, params.id),
    })
    app.route({
      method: 'GET',
      url: '/snapshots/:id/archive',
      schema: {
        ...{ tags, summary: 'Read the files of a snapshot as tar', params: snapshotParams },
        ...{ querystring: snapshotArchive, response: { 200: bytes } },
      },
      handler: async ({ principal, params, query }, reply) =>
        sendBytes(reply, await snapshots.pack(principal, params.id, query)),
    })
    app.route({
      method: 'POST',
      url: '/snapshots/:id/image',
      schema: {
        ...{ tags, summary: 'Make an OCI image of a snapshot', params: snapshotParams },
        description:
          'It is put into the registry of this server, at `/v2/`. Layers that are there already are used again; what differs from the template becomes a layer. Hanging up ends it.',
        ...{ body: createSnapshotImage, response: { 201: pushedImage } },
      },
      handler: async ({ principal, params, body }, reply) => {
        const aborted = new AbortController()
        reply.raw.once('close', () => aborted.abort())
        reply.code(201)
        return sendWhenReady(reply, images.make(principal, params.id, body, aborted.signal), heartbeatMs)
      },
    })
    app.route({
      method: 'PATCH',
      url: '/snapshots/:id',
      schema: {
        ...{ tags, summary: 'Rename a snapshot', params: snapshotParams, body: changeSnapshot },
        response: { 200: snapshot },
      },
      handler: async ({ principal, params, body }) => snapshots.change(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/snapshots/:id',
      schema: {
        ...{ tags, summary: 'Delete a snapshot', params: snapshotParams, response: { 204: z.null() } },
        description: 'Sandboxes that were made from it stay as they are.',
      },
      handler: async ({ principal, params }, reply) => {
        await snapshots.remove(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/restore',
      schema: {
        ...{ tags, summary: "Bring a sandbox's disk back to a snapshot", params: sandboxParams },
        description:
          'A snapshot of the disk as it is is taken first, so that nothing is lost. A sandbox that runs is stopped, and started again afterwards.',
        ...{ body: restoreSnapshot, response: { 200: restoredSandbox } },
      },
      handler: async ({ principal, params, body }, reply) =>
        sendWhenReady(reply, snapshots.restore(principal, params.id, body), heartbeatMs),
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/fork',
      schema: {
        ...{ tags, summary: 'Make sandboxes that begin with the disk of this one', params: sandboxParams },
        description:
          'They have its limits, network, environment and metadata. All of them are made, or none. Programs that run are not part of it.',
        ...{ body: forkSandbox.default(forkSandbox.parse({})), response: { 201: forkedSandboxes } },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        const forked = snapshots.fork(principal, params.id, body).then((sandboxes) => ({ sandboxes }))
        return sendWhenReady(reply, forked, heartbeatMs)
      },
    })
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/changes',
      schema: {
        ...{ tags, summary: 'List paths that differ from the template', params: sandboxParams },
        querystring: z.object({ limit: z.coerce.number().int().min(1).max(10_000).default(1000) }),
        response: { 200: diskChanges },
      },
      handler: async ({ principal, params, query }) => snapshots.changes(principal, params.id, query.limit),
    })
  }
