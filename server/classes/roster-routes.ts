import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  applyRoster,
  classParams,
  makeCards,
  previewRoster,
  rosterApplied,
  rosterBounds,
  rosterPreview,
  signInCards,
} from '../../protocol/api/index.js'
import { acceptFiles, fileOf } from '../spreadsheets/body.js'
import type { Classes } from './index.js'

const tags = ['classes']
const description =
  'The body is the file: CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or GB18030, with a heading line in English or Chinese (Name, Number, Email, Sign-in name, Section, Group). At most 5,000 students.'

/** `/classes/{id}/roster` and cards. */
export const rosterRoutes =
  ({ rosters, cards }: Classes): FastifyPluginAsyncZod =>
  async (app) => {
    acceptFiles(app, rosterBounds.bytes)
    app.route({
      method: 'POST',
      url: '/classes/:id/roster/preview',
      bodyLimit: rosterBounds.bytes,
      schema: {
        ...{ tags, summary: 'What importing a roster would do', description, params: classParams },
        ...{ querystring: previewRoster, response: { 200: rosterPreview } },
      },
      handler: async ({ principal, params, query, body }) =>
        rosters.preview(principal, params.id, fileOf(body), query.remove === 'true'),
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/roster',
      bodyLimit: rosterBounds.bytes,
      schema: {
        ...{ tags, summary: 'Import a roster as a preview said', params: classParams },
        description: `${description} All of it is done, or nothing. Refused when the class has changed since the preview.`,
        ...{ querystring: applyRoster, response: { 200: rosterApplied } },
      },
      handler: async ({ principal, params, query, body }) =>
        rosters.apply(principal, params.id, fileOf(body), {
          ...{ digest: query.digest, remove: query.remove === 'true' },
        }),
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/roster.csv',
      schema: {
        ...{ tags, summary: 'The students of a class as CSV', params: classParams },
        response: { 200: z.unknown() },
      },
      handler: async ({ principal, params }, reply) => {
        const csv = await rosters.csv(principal, params.id)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="roster.csv"')
          .send(csv)
      },
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/cards',
      schema: {
        ...{ tags, summary: 'New sign-in cards for students without e-mail addresses' },
        description: 'The codes are told once. The code before ends, with every session of the student.',
        ...{ params: classParams, body: makeCards, response: { 201: signInCards } },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(201)
        return { cards: await cards.make(principal, params.id, body.students) }
      },
    })
  }
