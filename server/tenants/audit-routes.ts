import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { auditEvent, auditQuery, listOf, page } from '../../protocol/api/index.js'
import { type AuditLog, csvMax } from './audit-log.js'

/** `GET /audit`: who changed what, filtered, and as CSV. */
export const auditRoutes =
  (log: AuditLog): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['tenants']
    app.route({
      method: 'GET',
      url: '/audit',
      schema: {
        ...{ tags, summary: 'Who did what, newest first', querystring: page.extend(auditQuery.shape) },
        response: { 200: listOf(auditEvent) },
      },
      handler: (request) => log.page(request.principal, request.query),
    })
    app.route({
      method: 'GET',
      url: '/audit.csv',
      schema: {
        ...{
          tags,
          summary: 'Who did what, newest first, as CSV',
          querystring: auditQuery,
          response: { 200: z.unknown() },
        },
        description: `At most ${csvMax} events, newest first; narrow the time for older ones.`,
      },
      handler: async (request, reply) => {
        const csv = await log.csv(request.principal, request.query)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="cloche-audit.csv"')
          .send(csv)
      },
    })
  }
