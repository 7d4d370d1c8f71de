import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  type UsageHour,
  type UsageQuery,
  type UsageReport,
  usageHour,
  usageQuery,
  usageReport,
} from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
/** A year by the hour; whoever wants more asks for it in pieces. */
const longestMs = 366 * dayMs

/** `GET /usage`: what a tenant used, by the hour. */
export const usageRoutes =
  (database: Database): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['tenants']
    app.route({
      method: 'GET',
      url: '/usage',
      schema: {
        ...{ tags, summary: 'What the tenant used, by the hour', querystring: usageQuery },
        response: { 200: usageReport },
      },
      handler: (request) => report(database, request.principal.tenantId, request.query),
    })
    app.route({
      method: 'GET',
      url: '/usage.csv',
      schema: {
        ...{ tags, summary: 'The same as CSV', querystring: usageQuery, response: { 200: z.unknown() } },
      },
      handler: async (request, reply) => {
        const { hours } = await report(database, request.principal.tenantId, request.query)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', 'attachment; filename="cloche-usage.csv"')
          .send(asCsv(hours))
      },
    })
  }

async function report(database: Database, tenantId: string, query: UsageQuery): Promise<UsageReport> {
  const to = query.to === undefined ? new Date() : new Date(query.to)
  const from = query.from === undefined ? new Date(to.getTime() - dayMs) : new Date(query.from)
  if (from >= to) throw new ApiError('invalid_request', '`from` must be before `to`')
  if (to.getTime() - from.getTime() > longestMs) {
    throw new ApiError('invalid_request', 'the period is longer than 366 days; request a shorter one')
  }
  const rows = await database.prisma.usageHour.findMany({
    // The hour in which `from` lies belongs to it.
    where: { tenantId, hour: { gt: new Date(from.getTime() - hourMs), lt: to } },
    orderBy: { hour: 'asc' },
  })
  const hours = rows.map(({ tenantId: _, hour, ...used }) => ({ hour: hour.toISOString(), ...used }))
  return { from: from.toISOString(), to: to.toISOString(), hours }
}

/** One line an hour, names of the columns first. Numbers and times need no quotes. */
export function asCsv(hours: readonly UsageHour[]): string {
  const columns = usageHour.keyof().options
  return [columns, ...hours.map((hour) => columns.map((column) => hour[column]))]
    .map((cells) => `${cells.join(',')}\r\n`)
    .join('')
}
