import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  createRun,
  deletedRuns,
  deleteRunsQuery,
  languageList,
  listOf,
  page,
  run,
  runBounds,
  runId,
  runListQuery,
  runSummary,
  runWithRequest,
} from '../../protocol/api/index.js'
import { sendEvents } from '../http/events.js'
import type { Numbered } from './event-log.js'
import type { RunService } from './service.js'

/** `wait` waits no longer: proxies do not either. */
const patienceMs = 60_000
const tags = ['runs']
const params = z.object({ id: runId })

/** `/runs` and `/languages`. */
export const runRoutes =
  (runs: RunService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/languages',
      schema: { tags, summary: 'List what can be run by name', response: { 200: languageList } },
      handler: async (request) => ({ items: await runs.languages(request.principal) }),
    })
    app.route({
      method: 'POST',
      url: '/runs',
      bodyLimit: runBounds.bodyBytes,
      schema: {
        ...{ tags, summary: 'Run a task in a fresh sandbox', body: createRun },
        headers: z.looseObject({ 'idempotency-key': z.string().min(1).max(128).optional() }),
        description:
          '202 once it is accepted: the run is then stored and survives a restart of the server. With `wait`, 200 if it ends within a minute.',
        response: { 200: run, 202: run },
      },
      handler: async (request, reply) => {
        const { wait } = request.body
        const key = request.headers['idempotency-key']
        const accepted = await runs.create(request.principal, request.body, key)
        reply.header('location', `/api/v1/runs/${accepted.id}`)
        const now = wait ? await runs.ended(request.principal, accepted.id, patienceMs) : accepted
        return reply.code(now.finishedAt === null ? 202 : 200).send(now)
      },
    })
    app.route({
      method: 'GET',
      url: '/runs',
      schema: {
        ...{ tags, summary: 'List runs, newest first', querystring: page.extend(runListQuery.shape) },
        response: { 200: listOf(runSummary) },
      },
      handler: async (request) => runs.list(request.principal, request.query),
    })
    app.route({
      method: 'DELETE',
      url: '/runs',
      schema: {
        ...{ tags, summary: 'Delete finished runs', querystring: deleteRunsQuery },
        description: 'With their requests and results. Frees what they take of `runStorageMiB`.',
        response: { 200: deletedRuns },
      },
      handler: async (request) => ({
        deleted: await runs.deleteFinished(request.principal, new Date(request.query.finishedBefore)),
      }),
    })
    app.route({
      method: 'GET',
      url: '/runs/:id',
      schema: {
        ...{ tags, summary: 'Read a run', params },
        querystring: z.object({ request: z.enum(['true', 'false']).default('false') }),
        response: { 200: runWithRequest },
      },
      handler: async (request) => {
        const { principal, params, query } = request
        const found = await runs.get(principal, params.id)
        if (query.request !== 'true') return found
        return { ...found, request: await runs.request(principal, params.id) }
      },
    })
    app.route({
      method: 'DELETE',
      url: '/runs/:id',
      schema: {
        ...{ tags, summary: 'Cancel a run', params, response: { 200: run } },
        description: 'In any state. One that has ended stays as it is.',
      },
      handler: async (request) => runs.cancel(request.principal, request.params.id),
    })
    app.route({
      method: 'GET',
      url: '/runs/:id/events',
      schema: {
        ...{ tags, summary: 'Follow a run', params, response: { 200: z.unknown() } },
        headers: z.looseObject({ 'last-event-id': z.coerce.number().int().min(0).catch(0).optional() }),
        description: 'Server-sent events; `Last-Event-ID` resumes. The last one is `result`.',
      },
      handler: async (request, reply) => {
        const { principal, params } = request
        const since = request.headers['last-event-id'] ?? 0
        const events = runs.events(principal, params.id, since)
        // Until the headers are sent a refusal can be said; the first event of a run that waits may be long in coming.
        await runs.get(principal, params.id)
        return sendEvents(reply, Readable.from(asText(events), { objectMode: false }), heartbeatMs)
      },
    })
    app.route({
      method: 'GET',
      url: '/runs/callback-secret',
      schema: {
        ...{ tags, summary: 'Read what callbacks are signed with' },
        response: { 200: z.object({ secret: z.string() }) },
      },
      handler: async (request) => ({ secret: runs.callbackSecret(request.principal) }),
    })
  }

async function* asText(events: AsyncGenerator<Numbered>) {
  for await (const one of events) yield text(one)
}

const text = ({ id, event }: Numbered) =>
  `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
