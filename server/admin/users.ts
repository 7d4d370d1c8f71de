import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { adminUser, adminUserQuery, resetLink } from '../../protocol/api/index.js'
import { createResetLink, resetUrl } from '../account/reset-links.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'

/** The operator page shows so many; a search finds the others. */
const usersMax = 100

/** `/admin/users`: accounts, and links by which people set a new password. */
export const userRoutes =
  (database: Database, publicUrl: string): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['admin']
    app.route({
      method: 'GET',
      url: '/users',
      schema: {
        ...{ tags, summary: 'List accounts, newest first', querystring: adminUserQuery },
        response: { 200: z.object({ users: z.array(adminUser), more: z.boolean() }) },
      },
      handler: async (request) => {
        const { search } = request.query
        const part = { contains: search ?? '', mode: 'insensitive' as const }
        const rows = await database.prisma.user.findMany({
          ...(search === undefined ? {} : { where: { OR: [{ name: part }, { email: part }] } }),
          include: { _count: { select: { members: true, sessions: true } } },
          orderBy: { createdAt: 'desc' },
          take: usersMax + 1,
        })
        const users = rows.slice(0, usersMax).map((row) => ({
          ...{ id: row.id, name: row.name, email: row.email, operator: row.operator },
          ...{ tenants: row._count.members, sessions: row._count.sessions },
          createdAt: row.createdAt.toISOString(),
        }))
        return { users, more: rows.length > usersMax }
      },
    })
    app.route({
      method: 'POST',
      url: '/users/:id/reset-link',
      schema: {
        ...{
          tags,
          summary: 'Create a link that sets a new password',
          params: z.object({ id: z.string().max(64) }),
        },
        description: 'Valid once, for 24 hours. A new link replaces the one before.',
        response: { 201: resetLink },
      },
      handler: async (request, reply) => {
        const user = await database.prisma.user.findUnique({ where: { id: request.params.id } })
        if (user === null) throw notFound('user')
        const { secret, expiresAt } = await createResetLink(database, user.id, request.principal.actor)
        reply.code(201)
        return {
          ...{ url: resetUrl(publicUrl, secret), email: user.email },
          expiresAt: expiresAt.toISOString(),
        }
      },
    })
  }
