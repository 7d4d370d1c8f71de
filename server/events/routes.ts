import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { eventType, followEvents, lastEventId } from '../../protocol/api/index.js'
import { sendEvents } from '../http/events.js'
import type { EventService, Told } from './service.js'

/** `/events`. */
export const eventRoutes =
  (events: EventService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/events',
      schema: {
        ...{ tags: ['events'], summary: 'Follow what happens in the tenant' },
        ...{ querystring: followEvents, headers: lastEventId },
        description:
          'Server-sent events, each a `TenantEvent`: what happens to what the caller sees. The id of each is its position; `since` and `Last-Event-ID` resume after it. `missed` tells that events in between are not kept any more.',
        response: { 200: z.string().describe('server-sent events') },
      },
      handler: async ({ principal, query, headers }, reply) => {
        const gone = new AbortController()
        reply.raw.once('close', () => gone.abort())
        const told = events.follow(principal, {
          since: headers['last-event-id'] ?? query.since,
          types: query.types === undefined ? undefined : z.array(eventType).parse(query.types.split(',')),
          ...{ follow: query.follow === 'true', signal: gone.signal },
        })
        // Until the headers are sent a refusal can be said.
        const first = await told.next()
        return sendEvents(reply, Readable.from(asText(first, told), { objectMode: false }), heartbeatMs)
      },
    })
  }

async function* asText(first: IteratorResult<Told>, rest: AsyncGenerator<Told>) {
  if (first.done) return
  yield textOf(first.value)
  for await (const one of rest) yield textOf(one)
}

/** An id without data is kept by clients, and told to nobody. */
const textOf = (told: Told): string =>
  told.type === 'position'
    ? `id: ${told.position}\n\n`
    : `id: ${told.position}\nevent: ${told.type}\ndata: ${JSON.stringify(told)}\n\n`
