import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  createStack,
  page,
  readStackLogs,
  stackList,
  stackParams,
  stackPreview,
  stackWithFile,
} from '../../protocol/api/index.js'
import { sendEvents } from '../http/events.js'
import type { StackLogs } from './logs.js'
import type { StackService } from './service.js'

const tags = ['stacks']
/** A file, and values of variables, with what JSON puts around them. */
const bodyLimit = 1024 * 1024

/** `/stacks` and what is below it. */
export const stackRoutes =
  (stacks: StackService, logs: StackLogs, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/stacks',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'Start the services of a compose file', body: createStack },
        description:
          'Each service is a sandbox; they are on one node and reach one another by their names. Answers when the file is understood and there is room for all of it: then the services are started in their order.',
        response: { 201: stackWithFile },
      },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return stacks.create(principal, body)
      },
    })
    app.route({
      method: 'POST',
      url: '/stacks/plan',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'Read a compose file, and start nothing', body: createStack },
        description:
          'Says which templates its services are made from, how those are built that are, and which files it names. `files` of the body has no meaning here.',
        response: { 200: stackPreview },
      },
      handler: async ({ principal, body }) => stacks.preview(principal, body),
    })
    app.route({
      method: 'GET',
      url: '/stacks',
      schema: {
        ...{ tags, summary: 'List stacks, newest first', querystring: page },
        response: { 200: stackList },
      },
      handler: async ({ principal, query }) => stacks.list(principal, query),
    })
    app.route({
      method: 'GET',
      url: '/stacks/:id',
      schema: {
        ...{ tags, summary: 'Read a stack with the states of its services', params: stackParams },
        response: { 200: stackWithFile },
      },
      handler: async ({ principal, params }) => stacks.get(principal, params.id),
    })
    for (const [action, summary] of [
      ['start', 'Start what does not run, in its order'],
      ['stop', 'Stop all services, and keep their disks'],
    ] as const) {
      app.route({
        method: 'POST',
        url: `/stacks/:id/${action}`,
        schema: { tags, summary, params: stackParams, response: { 200: stackWithFile } },
        handler: async ({ principal, params }) => stacks[action](principal, params.id),
      })
    }
    app.route({
      method: 'DELETE',
      url: '/stacks/:id',
      schema: {
        ...{ tags, summary: 'Delete a stack with its sandboxes', params: stackParams },
        description:
          'Volumes stay. Answers when everything is deleted, or after half a minute while it goes on.',
        response: { 204: z.null() },
      },
      handler: async ({ principal, params }, reply) => {
        await stacks.remove(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/stacks/:id/logs',
      schema: {
        ...{
          tags,
          summary: 'Follow the output of all services',
          params: stackParams,
          querystring: readStackLogs,
        },
        description:
          'Server-sent events: `log` with `{service, stream, text}`, whole lines where they end; `gap` with `{service}` where output was not kept; `exit` with `{service, exitCode, signal}`. Of each service about 1 MiB is kept, while its sandbox runs. Ids are what `since` takes: the header `Last-Event-ID` does the same.',
        response: { 200: z.string().describe('server-sent events') },
      },
      handler: async ({ principal, params, query, headers }, reply) => {
        const header = headers['last-event-id']
        const since = query.since ?? (typeof header === 'string' ? header : undefined)
        const events = await logs.follow(principal, params.id, { ...query, since })
        return sendEvents(reply, events, heartbeatMs)
      },
    })
  }
