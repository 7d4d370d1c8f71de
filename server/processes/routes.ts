import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  processParams,
  readOutput,
  readProcess,
  resizeProcess,
  sandboxParams,
  sandboxProcess,
  sendStdin,
  signalProcess,
  startProcess,
} from '../../protocol/api/index.js'
import { sendEvents } from '../http/events.js'
import { sendWhenReady } from '../http/slow.js'
import { asEvents } from './output.js'
import type { ProcessService } from './service.js'

/** A command may be long, and so may its environment. */
const startBodyBytes = 4 * 1024 * 1024
const anySize = Number.MAX_SAFE_INTEGER
const tags = ['processes']

/** `/sandboxes/{id}/processes` and what is below it. */
export const processRoutes =
  (processes: ProcessService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/processes',
      bodyLimit: startBodyBytes,
      schema: {
        ...{ tags, summary: 'Start a process that outlives this call', params: sandboxParams },
        description:
          'It runs until it ends, is killed, or its sandbox stops, whoever listens. Its last output, about 1 MiB, is kept until ten minutes after its end.',
        ...{ body: startProcess, response: { 201: sandboxProcess } },
      },
      handler: async (request, reply) => {
        reply.code(201)
        return processes.start(request.principal, request.params.id, request.body)
      },
    })
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/processes',
      schema: {
        ...{ tags, summary: 'List processes, terminals among them', params: sandboxParams },
        response: { 200: z.object({ processes: z.array(sandboxProcess) }) },
      },
      handler: async ({ principal, params }) => ({ processes: await processes.list(principal, params.id) }),
    })
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/processes/:processId',
      schema: {
        ...{ tags, summary: 'Read a process, or wait for its end', params: processParams },
        ...{ querystring: readProcess, response: { 200: sandboxProcess } },
      },
      handler: async ({ principal, params, query }, reply) => {
        const found = processes.get(principal, params.id, params.processId, query.waitSeconds * 1000)
        return sendWhenReady(reply, found, heartbeatMs)
      },
    })
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/processes/:processId/output',
      schema: {
        ...{ tags, summary: 'Follow the output of a process', params: processParams },
        description:
          'Server-sent events: `stdout` and `stderr` with `{seq, data}`, data as base64; `gap` with `{seq}` where output was not kept; `exit` with `{exitCode, signal}` at the end. Of a terminal also `screen` and `resize`. Ids are what `since` takes: the header `Last-Event-ID` does the same. A reader that is slow makes the process wait for up to half a minute.',
        querystring: readOutput,
        response: { 200: z.string().describe('server-sent events') },
      },
      handler: async ({ principal, params, query, headers }, reply) => {
        const since = query.since ?? lastSeen(headers['last-event-id'])
        const line = await processes.attach(principal, params.id, params.processId, since)
        return sendEvents(reply, asEvents(line, since), heartbeatMs)
      },
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/processes/:processId/signal',
      schema: {
        ...{ tags, summary: 'Send a signal to a process and its descendants', params: processParams },
        ...{ body: signalProcess, response: { 204: z.null() } },
      },
      handler: async ({ principal, params, body }, reply) => {
        await processes.signal(principal, params.id, params.processId, body.signal)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/processes/:processId/resize',
      schema: {
        ...{ tags, summary: 'Resize the terminal of a process', params: processParams },
        ...{ body: resizeProcess, response: { 204: z.null() } },
      },
      handler: async ({ principal, params, body }, reply) => {
        await processes.resize(principal, params.id, params.processId, body)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/sandboxes/:id/processes/:processId',
      schema: {
        ...{ tags, summary: 'Kill a process and its descendants, and forget it', params: processParams },
        response: { 204: z.null() },
      },
      handler: async ({ principal, params }, reply) => {
        await processes.remove(principal, params.id, params.processId)
        return reply.code(204).send(null)
      },
    })
    await app.register(inputRoute(processes, heartbeatMs))
  }

/** A body that is bytes, of whatever type it says it is. */
const inputRoute =
  (processes: ProcessService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/processes/:processId/stdin',
      bodyLimit: anySize,
      config: { bodyMayPause: true },
      schema: {
        ...{ tags, summary: 'Send a process input', params: processParams, querystring: sendStdin },
        description:
          'The body is the bytes themselves, of any length. It is read as fast as the process reads, and answered when all of it is in.',
        response: { 200: z.object({ bytes: z.number().describe('how many it took') }) },
      },
      handler: async ({ principal, params, query, body }, reply) => {
        const input = body instanceof Readable ? body : Readable.from([])
        const close = query.close === 'true'
        const taken = processes.sendInput(principal, params.id, params.processId, input, close)
        return sendWhenReady(reply, taken, heartbeatMs)
      },
    })
  }

/** What an event source has seen when it comes back. */
function lastSeen(header: string | string[] | undefined): number | undefined {
  const seq = Number(header)
  return header !== undefined && header !== '' && Number.isSafeInteger(seq) && seq >= 0 ? seq : undefined
}
