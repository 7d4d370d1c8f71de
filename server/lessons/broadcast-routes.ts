import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  lessonBroadcast,
  lessonParams,
  lessonScreens,
  lookAtScreens,
  showTerminal,
} from '../../protocol/api/index.js'
import type { Lessons } from './index.js'

const tags = ['lessons']
const params = lessonParams

/** What terminals of a lesson show: those of its students to staff, and one of the staff to all students. */
export const lessonTerminalRoutes =
  ({ screens, broadcasting }: Lessons): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/lessons/:id/screens',
      schema: {
        ...{ tags, summary: 'Look at the terminals of all students of a live lesson', params },
        ...{ body: lookAtScreens, response: { 200: lessonScreens } },
        description:
          'Of each student what the terminal shows that was used last in the sandbox of the lesson, as text, where it differs from what the caller has. Only while the lesson runs; students are told that staff of the lesson can do this.',
      },
      handler: async ({ principal, params, body }) => screens.of(principal, params.id, body),
    })
    app.route({
      method: 'PUT',
      url: '/lessons/:id/broadcast',
      schema: {
        ...{ tags, summary: 'Show a terminal to all students of a live lesson', params },
        ...{ body: showTerminal, response: { 200: lessonBroadcast } },
        description:
          'Students of the class may watch it, read only, until it is stopped or the lesson ends; nothing else of its sandbox is shown to them. It takes the place of what is shown already.',
      },
      handler: async ({ principal, params, body }) => broadcasting.show(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/lessons/:id/broadcast',
      schema: {
        ...{ tags, summary: 'Stop showing a terminal to students', params, response: { 204: z.null() } },
        description: 'Whoever watches is cut off at once.',
      },
      handler: async ({ principal, params }, reply) => {
        await broadcasting.stop(principal, params.id)
        return reply.code(204).send(null)
      },
    })
  }
