import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { type BuildEvent, build, buildId, newTemplateName, templateName } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { sendEvents } from '../http/events.js'
import { readForm } from './form.js'
import type { BuildService } from './service.js'

const tags = ['templates']
const one = z.object({ name: templateName, id: buildId })

/** Builds of Dockerfiles. */
export const buildRoutes =
  (builds: BuildService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/builds',
      schema: {
        tags,
        summary: 'List builds, newest first',
        response: { 200: z.object({ items: z.array(build) }) },
      },
      handler: async ({ principal }) => ({ items: await builds.list(principal) }),
    })
    app.route({
      method: 'GET',
      url: '/templates/:name/builds/:id',
      schema: { tags, summary: 'Read a build', params: one, response: { 200: build } },
      handler: ({ principal, params }) => builds.get(principal, params.name, params.id),
    })
    app.route({
      method: 'DELETE',
      url: '/templates/:name/builds/:id',
      schema: {
        ...{ tags, summary: 'Cancel a build', params: one, response: { 200: build } },
        description:
          'One that has ended stays as it is. Steps that were finished are found by the next build.',
      },
      handler: ({ principal, params }) => builds.cancel(principal, params.name, params.id),
    })
    app.route({
      method: 'GET',
      url: '/templates/:name/builds/:id/events',
      schema: {
        ...{ tags, summary: 'Follow a build', params: one, response: { 200: z.unknown() } },
        headers: z.looseObject({ 'last-event-id': z.coerce.number().int().min(0).catch(0).optional() }),
        description: 'Server-sent events `step`, `output` and at last `end`; `Last-Event-ID` resumes.',
      },
      handler: async ({ principal, params, headers }, reply) => {
        await builds.get(principal, params.name, params.id)
        const events = builds.events(principal, params.name, params.id, headers['last-event-id'] ?? 0)
        return sendEvents(reply, Readable.from(asText(events), { objectMode: false }), heartbeatMs)
      },
    })
    await app.register(starting(builds))
  }

async function* asText(events: AsyncIterable<BuildEvent>): AsyncGenerator<Buffer> {
  for await (const event of events) {
    yield Buffer.from(`id: ${event.number}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
}

/** Bodies are taken as they arrive. */
const starting =
  (builds: BuildService): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.route({
      method: 'POST',
      url: '/templates/:name/builds',
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        ...{ tags, summary: 'Build a template from a Dockerfile' },
        description:
          'A form with `options`, as JSON, and then `context`: a tar, plain or compressed with gzip, with the Dockerfile in it. The answer comes when the context is there and the Dockerfile is understood; the build goes on then. Its template takes the place of one of the same name when it has succeeded.',
        ...{ params: z.object({ name: newTemplateName }), response: { 201: build } },
      },
      handler: async ({ principal, params, raw }, reply) => {
        const { options, context } = await readForm(raw)
        try {
          return await reply.code(201).send(await builds.start(principal, params.name, options, context))
        } catch (error) {
          // What is wrong with the form broke the call to the node.
          throw context.errored instanceof ApiError ? context.errored : error
        }
      },
    })
  }
