import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  createSandbox,
  execRequest,
  execResult,
  newId,
  page,
  sandboxList,
  sandboxParams,
  sandboxWithUsage,
  stopSandbox,
  updateSandbox,
} from '../../protocol/api/index.js'
import { sendEvents } from '../http/events.js'
import type { Once } from '../http/idempotency.js'
import { sendWhenReady } from '../http/slow.js'
import { asEvents, collect } from './exec.js'
import type { ExecService } from './exec-service.js'
import type { SandboxService } from './service.js'

/** An exec may carry 8 MiB of input, and JSON makes it longer. */
const execBodyBytes = 20 * 1024 * 1024

/** `/sandboxes` and what is below it. */
export const sandboxRoutes =
  (sandboxes: SandboxService, execs: ExecService, once: Once, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['sandboxes']
    app.route({
      method: 'POST',
      url: '/sandboxes',
      schema: {
        ...{ tags, summary: 'Create a sandbox', body: createSandbox.default(createSandbox.parse({})) },
        headers: z.looseObject({ 'idempotency-key': z.string().min(1).max(128).optional() }),
        description: 'Answers when it runs. Asked again with the same `Idempotency-Key` it is the same one.',
        response: { 201: sandboxWithUsage },
      },
      handler: async (request, reply) => {
        reply.code(201)
        const key = request.headers['idempotency-key']
        const { principal, body } = request
        const created = once(request, key, sandboxWithUsage, {
          id: newId('sb'),
          make: (id) => sandboxes.create(principal, body, id),
          resume: (id) => sandboxes.resumeCreation(principal, body, id),
        })
        return sendWhenReady(reply, created, heartbeatMs)
      },
    })
    app.route({
      method: 'GET',
      url: '/sandboxes',
      schema: {
        tags,
        summary: 'List sandboxes, newest first',
        querystring: page,
        response: { 200: sandboxList },
      },
      handler: async (request) => sandboxes.list(request.principal, request.query),
    })
    app.route({
      method: 'GET',
      url: '/sandboxes/:id',
      schema: {
        ...{ tags, summary: 'Read a sandbox with its live usage', params: sandboxParams },
        response: { 200: sandboxWithUsage },
      },
      handler: async (request) => sandboxes.get(request.principal, request.params.id),
    })
    app.route({
      method: 'PATCH',
      url: '/sandboxes/:id',
      schema: {
        ...{
          tags,
          summary: 'Change the name, limits, network, lifetime or metadata of a sandbox',
          params: sandboxParams,
        },
        ...{ body: updateSandbox, response: { 200: sandboxWithUsage } },
      },
      handler: async (request) => sandboxes.update(request.principal, request.params.id, request.body),
    })
    app.route({
      method: 'DELETE',
      url: '/sandboxes/:id',
      schema: {
        ...{ tags, summary: 'Destroy a sandbox with its disk', params: sandboxParams },
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        await sandboxes.remove(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })
    for (const [action, summary] of [
      ['pause', 'Pause a sandbox: freeze every process'],
      ['resume', 'Resume a paused sandbox'],
      ['start', 'Start a stopped sandbox on its disk'],
    ] as const) {
      app.route({
        method: 'POST',
        url: `/sandboxes/:id/${action}`,
        schema: { tags, summary, params: sandboxParams, response: { 200: sandboxWithUsage } },
        handler: async (request, reply) =>
          sendWhenReady(reply, sandboxes.act(request.principal, request.params.id, action), heartbeatMs),
      })
    }
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/keep-awake',
      schema: {
        ...{
          tags,
          summary: 'Say that somebody uses a sandbox, so that it is not put to sleep',
          params: sandboxParams,
        },
        description:
          'It stays awake for as long as its policy `idle` says from now on. One that is asleep wakes.',
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        await sandboxes.keepAwake(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/stop',
      schema: {
        ...{ tags, summary: 'Stop a sandbox: end every process and keep the disk', params: sandboxParams },
        description:
          'Every process gets SIGTERM, shells at a prompt get SIGHUP, and what is left after `graceSeconds` is killed. ' +
          'Nothing can be started meanwhile. It answers as soon as every process has ended; asked again, the shorter grace counts.',
        ...{ body: stopSandbox.default(stopSandbox.parse({})), response: { 200: sandboxWithUsage } },
      },
      handler: async (request, reply) => {
        const stopped = sandboxes.stop(request.principal, request.params.id, request.body)
        return sendWhenReady(reply, stopped, heartbeatMs)
      },
    })
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/exec',
      bodyLimit: execBodyBytes,
      schema: {
        ...{ tags, summary: 'Run one command', params: sandboxParams, body: execRequest },
        description:
          'With `Accept: text/event-stream` output comes as server-sent events while it is written. An answer as JSON that takes long begins with spaces, so that proxies keep the connection.',
        response: { 200: execResult },
      },
      handler: async (request, reply) => {
        const { principal, params, body } = request
        const { encoding } = body
        // Whoever hangs up ends the command.
        const aborted = new AbortController()
        reply.raw.once('close', () => aborted.abort())
        const stream = await execs.start(principal, params.id, body, aborted.signal)
        return request.headers.accept?.includes('text/event-stream')
          ? sendEvents(reply, asEvents(stream, encoding), heartbeatMs)
          : sendWhenReady(reply, collect(stream, encoding), heartbeatMs)
      },
    })
  }
