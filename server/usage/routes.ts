import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { diskUse, type UsageHour, usageHour, usageQuery, usageReport } from '../../protocol/api/index.js'
import type { UsageService } from './service.js'

/** `GET /usage`: what a tenant used, by the hour. */
export const usageRoutes =
  (usages: UsageService): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['tenants']
    app.route({
      method: 'GET',
      url: '/usage',
      schema: {
        ...{ tags, summary: 'What the tenant used, by the hour', querystring: usageQuery },
        response: { 200: usageReport },
      },
      handler: (request) => usages.report(request.principal, request.query),
    })
    app.route({
      method: 'GET',
      url: '/usage/disk',
      schema: {
        ...{ tags, summary: 'What the tenant has on disks now: shared and exclusive bytes' },
        response: { 200: diskUse },
      },
      handler: (request) => usages.disk(request.principal),
    })
    app.route({
      method: 'GET',
      url: '/usage.csv',
      schema: {
        ...{
          tags,
          summary: 'What the tenant used, by the hour, as CSV',
          querystring: usageQuery,
          response: { 200: z.unknown() },
        },
      },
      handler: async (request, reply) => {
        const { hours } = await usages.report(request.principal, request.query)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="cloche-usage.csv"')
          .send(asCsv(hours))
      },
    })
  }

/** One line an hour, names of the columns first. Numbers and times need no quotes. */
export function asCsv(hours: readonly UsageHour[]): string {
  const columns = usageHour.keyof().options
  return [columns, ...hours.map((hour) => columns.map((column) => hour[column]))]
    .map((cells) => `${cells.join(',')}\r\n`)
    .join('')
}
