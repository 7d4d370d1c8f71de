import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  keptSchedule,
  keptWarm,
  nodeQuery,
  poolSchedule,
  poolsStatus,
  scheduleName,
  warmId,
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
        summary: 'The pools of a node, their budget, schedules and requests',
        querystring: nodeQuery,
        response: { 200: poolsStatus },
      },
      handler: (request) => nodes.pools(request.principal, request.query.node),
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
        ...{ querystring: nodeQuery, body: poolSchedule, response: { 200: keptSchedule } },
      },
      handler: ({ principal, params, body, query }) =>
        nodes.saveSchedule(principal, params.name, body, query.node),
    })
    app.route({
      method: 'DELETE',
      url: '/pools/schedules/:name',
      schema: {
        ...{ tags, summary: 'Delete the schedule of a pool', params: z.object({ name: scheduleName }) },
        ...{ querystring: nodeQuery, response: { 204: z.null() } },
      },
      handler: async (request, reply) => {
        await nodes.deleteSchedule(request.principal, request.params.name, request.query.node)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/pools/warm',
      schema: {
        tags,
        summary: 'Have more ready from now on',
        querystring: nodeQuery,
        body: warmRequest,
        response: { 201: keptWarm },
      },
      handler: async (request, reply) => {
        reply.code(201)
        return nodes.warm(request.principal, request.body, request.query.node)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/pools/warm/:id',
      schema: {
        ...{ tags, summary: 'Cancel a request to pre-warm', querystring: nodeQuery },
        ...{ params: z.object({ id: warmId }), response: { 204: z.null() } },
      },
      handler: async (request, reply) => {
        await nodes.cancelWarm(request.principal, request.params.id, request.query.node)
        return reply.code(204).send(null)
      },
    })
  }
