import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { assignmentParams, assignmentStatistics } from '../../protocol/api/index.js'
import type { StatisticsService } from './service.js'

/** Of assignments. */
export const statisticsRoutes =
  (statistics: StatisticsService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'GET',
      url: '/assignments/:id/statistics',
      schema: {
        ...{ tags: ['grading'], summary: 'Where a class is stuck in an assignment, and how long it takes' },
        description:
          'For its teachers and assistants. Of fewer than five students there is no distribution. Minutes of each student are there only if the operator allows it and the class has turned it on.',
        ...{ params: assignmentParams, response: { 200: assignmentStatistics } },
      },
      handler: ({ principal, params }) => statistics.of(principal, params.id),
    })
  }
