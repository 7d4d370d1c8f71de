import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { adminUser, adminUserQuery, resetLink } from '../../protocol/api/index.js'
import type { UserAdministration } from './user-service.js'

/** `/admin/users`: accounts, and links by which people set a new password. */
export const userRoutes =
  (users: UserAdministration): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['admin']
    app.route({
      method: 'GET',
      url: '/users',
      schema: {
        ...{ tags, summary: 'List accounts, newest first', querystring: adminUserQuery },
        response: { 200: z.object({ users: z.array(adminUser), more: z.boolean() }) },
      },
      handler: (request) => users.list(request.principal, request.query.search),
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
        reply.code(201)
        return users.createResetLink(request.principal, request.params.id)
      },
    })
  }
