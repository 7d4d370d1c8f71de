import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  pullImage,
  pushImage,
  registryCredential,
  registryLogin,
  type TransferEvent,
  transfer,
  transferId,
} from '../../protocol/api/index.js'
import { sendEvents } from '../http/events.js'
import type { RegistryCredentials } from './credentials.js'
import type { TransferService } from './service.js'

const tags = ['images']
const one = z.object({ id: transferId })
const registry = z.object({ host: z.string().min(1).max(255).describe('with its port, if it has one') })

/** Images from and to other registries, and what the tenant signs in there with. */
export const transferRoutes =
  (
    transfers: TransferService,
    credentials: RegistryCredentials,
    heartbeatMs: number,
  ): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/images/pull',
      schema: {
        ...{ tags, summary: 'Bring an image of another registry into the registry of this server' },
        description:
          'Of an index for several platforms the image for this machine. Blobs that are there are not transferred. It goes on after the answer; its events tell how far it is.',
        ...{ body: pullImage, response: { 201: transfer } },
      },
      handler: async ({ principal, body }, reply) =>
        reply.code(201).send(await transfers.pull(principal, body)),
    })
    app.route({
      method: 'POST',
      url: '/images/push',
      schema: {
        ...{ tags, summary: 'Send an image of the registry of this server to another registry' },
        ...{ body: pushImage, response: { 201: transfer } },
      },
      handler: async ({ principal, body }, reply) =>
        reply.code(201).send(await transfers.push(principal, body)),
    })
    app.route({
      method: 'GET',
      url: '/transfers',
      schema: {
        ...{ tags, summary: 'List transfers of images, newest first' },
        response: { 200: z.object({ items: z.array(transfer) }) },
      },
      handler: async ({ principal }) => ({ items: await transfers.list(principal) }),
    })
    app.route({
      method: 'GET',
      url: '/transfers/:id',
      schema: { tags, summary: 'Read a transfer', params: one, response: { 200: transfer } },
      handler: ({ principal, params }) => transfers.get(principal, params.id),
    })
    app.route({
      method: 'DELETE',
      url: '/transfers/:id',
      schema: {
        ...{ tags, summary: 'Cancel a transfer', params: one, response: { 200: transfer } },
        description: 'One that has ended stays as it is.',
      },
      handler: ({ principal, params }) => transfers.cancel(principal, params.id),
    })
    app.route({
      method: 'GET',
      url: '/transfers/:id/events',
      schema: {
        ...{ tags, summary: 'Follow a transfer', params: one, response: { 200: z.unknown() } },
        headers: z.looseObject({ 'last-event-id': z.coerce.number().int().min(0).catch(0).optional() }),
        description: 'Server-sent events `manifest`, `blob` and at last `end`; `Last-Event-ID` resumes.',
      },
      handler: async ({ principal, params, headers }, reply) => {
        await transfers.get(principal, params.id)
        const events = transfers.events(principal, params.id, headers['last-event-id'] ?? 0)
        return sendEvents(reply, Readable.from(asText(events), { objectMode: false }), heartbeatMs)
      },
    })
    app.route({
      method: 'GET',
      url: '/registries',
      schema: {
        ...{ tags, summary: 'List the registries that credentials are stored for' },
        response: { 200: z.object({ items: z.array(registryCredential) }) },
      },
      handler: async ({ principal }) => ({ items: await credentials.list(principal) }),
    })
    app.route({
      method: 'PUT',
      url: '/registries/:host',
      schema: {
        ...{ tags, summary: 'Store credentials for another registry' },
        description: 'For every pull and push of the tenant. The password is encrypted, and not shown again.',
        ...{ params: registry, body: registryLogin, response: { 200: registryCredential } },
      },
      handler: ({ principal, params, body }) => credentials.set(principal, params.host, body),
    })
    app.route({
      method: 'DELETE',
      url: '/registries/:host',
      schema: {
        ...{ tags, summary: 'Delete the credentials for another registry' },
        ...{ params: registry, response: { 204: z.null() } },
      },
      handler: async ({ principal, params }, reply) => {
        await credentials.delete(principal, params.host)
        return reply.code(204).send(null)
      },
    })
  }

async function* asText(events: AsyncIterable<TransferEvent>): AsyncGenerator<Buffer> {
  for await (const event of events) {
    yield Buffer.from(`id: ${event.number}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
}
