import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  keptSchedule,
  keptWarm,
  poolSchedule,
  poolsStatus,
  scheduleName,
  warmRequest,
} from '../../protocol/api/index.js'
import { auditNode } from '../audit.js'
import type { Database } from '../database/client.js'
import type { RuntimeClient } from '../runtime-client/client.js'

/** `/admin/pools`: what waits, and what is asked to wait. The runtime keeps it and checks it. */
export const poolRoutes =
  (database: Database, runtime: RuntimeClient): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['admin']
    app.route({
      method: 'GET',
      url: '/pools',
      schema: {
        tags,
        summary: 'The pools, their budget, schedules and requests',
        response: { 200: poolsStatus },
      },
      handler: () => runtime.ask('GET', '/pools', poolsStatus),
    })
    app.route({
      method: 'PUT',
      url: '/pools/schedules/:name',
      schema: {
        ...{
          tags,
          summary: 'Have sandboxes ready at a time of day',
          params: z.object({ name: scheduleName }),
        },
        ...{ body: poolSchedule, response: { 200: keptSchedule } },
      },
      handler: async (request) => {
        const { name } = request.params
        const kept = await runtime.ask('PUT', `/pools/schedules/${name}`, keptSchedule, {}, request.body)
        await auditNode(database.prisma, request.principal, 'pool.schedule', name, request.body)
        return kept
      },
    })
    app.route({
      method: 'DELETE',
      url: '/pools/schedules/:name',
      schema: {
        ...{ tags, summary: 'Drop a schedule', params: z.object({ name: scheduleName }) },
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        await runtime.ask('DELETE', `/pools/schedules/${request.params.name}`, z.unknown())
        await auditNode(database.prisma, request.principal, 'pool.unschedule', request.params.name)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/pools/warm',
      schema: {
        tags,
        summary: 'Have more ready from now on',
        body: warmRequest,
        response: { 201: keptWarm },
      },
      handler: async (request, reply) => {
        const kept = await runtime.ask('POST', '/pools/warm', keptWarm, {}, request.body)
        await auditNode(database.prisma, request.principal, 'pool.warm', kept.id, request.body)
        reply.code(201)
        return kept
      },
    })
    app.route({
      method: 'DELETE',
      url: '/pools/warm/:id',
      schema: {
        ...{ tags, summary: 'Take such a request back' },
        ...{ params: z.object({ id: z.string().regex(/^\w{1,64}$/) }), response: { 204: z.null() } },
      },
      handler: async (request, reply) => {
        await runtime.ask('DELETE', `/pools/warm/${request.params.id}`, z.unknown())
        await auditNode(database.prisma, request.principal, 'pool.unwarm', request.params.id)
        return reply.code(204).send(null)
      },
    })
  }
