import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import {
  assignmentParams,
  similarityPairQuery,
  similarityReport,
  similarPairDetail,
} from '../../protocol/api/index.js'
import { sendWhenReady } from '../http/slow.js'
import type { SimilarityService } from './service.js'

const tags = ['submissions']
const params = assignmentParams

/** Hand-ins for an assignment that have much in common. */
export const similarityRoutes =
  (similarity: SimilarityService, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/assignments/:id/similarity',
      schema: {
        ...{ tags, summary: 'Which hand-ins for an assignment are similar', params },
        description:
          'The last hand-in of each student, by winnowing of their tokens: names, values, comments and white space do not count, and neither does what the starter files or many hand-ins have. It is computed once for the same hand-ins, which takes seconds. It shows what to look at, and proves nothing.',
        response: { 200: similarityReport },
      },
      handler: async ({ principal, params }, reply) =>
        sendWhenReady(reply, similarity.report(principal, params.id), heartbeatMs),
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/similarity/pair',
      schema: {
        ...{ tags, summary: 'What two similar hand-ins have in common, side by side', params },
        ...{ querystring: similarityPairQuery, response: { 200: similarPairDetail } },
      },
      handler: async ({ principal, params, query }, reply) =>
        sendWhenReady(reply, similarity.pair(principal, params.id, query), heartbeatMs),
    })
  }
