import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { classParams, setTimetable, timetable } from '../../protocol/api/index.js'
import type { TimetableService } from './service.js'

const tags = ['lessons']
const params = classParams

/** Timetables of classes. */
export const timetableRoutes =
  (timetables: TimetableService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/classes/:id/timetable',
      schema: {
        ...{ tags, summary: 'Read the timetable of a class', params, response: { 200: timetable } },
        description: 'With how many sandboxes wait for the lesson that is next.',
      },
      handler: async ({ principal, params: { id } }) => timetables.get(principal, id),
    })
    app.route({
      method: 'PUT',
      url: '/classes/:id/timetable',
      schema: {
        ...{ tags, summary: 'Set the timetable of a class', params, body: setTimetable },
        description:
          'Says all lessons of the week anew. Some minutes before each, a sandbox waits for every student who has not begun yet, as far as the quota of the tenant and the nodes allow.',
        response: { 200: timetable },
      },
      handler: async ({ principal, params: { id }, body }) => timetables.set(principal, id, body),
    })
  }
