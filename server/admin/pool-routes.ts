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
import type { NodeService } from './node-service.js'

/** `/admin/pools`: what waits, and what is asked to wait. The runtime keeps it and checks it. */
export const poolRoutes =
  (nodes: NodeService): FastifyPluginAsyncZod =>
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
      handler: (request) => nodes.pools(request.principal),
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
      handler: (request) => nodes.saveSchedule(request.principal, request.params.name, request.body),
    })
    app.route({
      method: 'DELETE',
      url: '/pools/schedules/:name',
      schema: {
        ...{ tags, summary: 'Drop a schedule', params: z.object({ name: scheduleName }) },
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        await nodes.deleteSchedule(request.principal, request.params.name)
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
        reply.code(201)
        return nodes.warm(request.principal, request.body)
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
        await nodes.cancelWarm(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })
  }
