import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeSchedule,
  createSchedule,
  schedule,
  scheduleList,
  schedulePage,
  scheduleParams,
} from '../../protocol/api/index.js'
import type { ScheduleService } from './service.js'

const tags = ['schedules']

/** `/schedules`. */
export const scheduleRoutes =
  (schedules: ScheduleService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/schedules',
      schema: {
        ...{ tags, summary: 'Have something done at times of day', body: createSchedule },
        description:
          'A snapshot of a sandbox, a wake, a stop, or a template that is made anew. What was missed while the server was down is done once when it is back.',
        response: { 201: schedule },
      },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return schedules.create(principal, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/schedules',
      schema: {
        ...{ tags, summary: 'List schedules, newest first', querystring: schedulePage },
        response: { 200: scheduleList },
      },
      handler: async ({ principal, query }) => schedules.list(principal, query),
    })
    app.route({
      method: 'GET',
      url: '/schedules/:id',
      schema: { tags, summary: 'Read a schedule', params: scheduleParams, response: { 200: schedule } },
      handler: async ({ principal, params }) => schedules.get(principal, params.id),
    })
    app.route({
      method: 'PATCH',
      url: '/schedules/:id',
      schema: {
        ...{ tags, summary: 'Change a schedule, or switch it off', params: scheduleParams },
        ...{ body: changeSchedule, response: { 200: schedule } },
      },
      handler: async ({ principal, params, body }) => schedules.change(principal, params.id, body),
    })
    app.route({
      method: 'POST',
      url: '/schedules/:id/run',
      schema: {
        ...{
          tags,
          summary: 'Have a schedule run now',
          params: scheduleParams,
        },
        description: 'It is run within seconds; `last` tells what came of it. Its next time stays as it is.',
        response: { 202: schedule },
      },
      handler: async ({ principal, params }, reply) => {
        reply.code(202)
        return schedules.run(principal, params.id)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/schedules/:id',
      schema: {
        ...{ tags, summary: 'Delete a schedule', params: scheduleParams, response: { 204: z.null() } },
        description: 'Snapshots that it took stay.',
      },
      handler: async ({ principal, params }, reply) => {
        await schedules.remove(principal, params.id)
        return reply.code(204).send(null)
      },
    })
  }
