import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeClass,
  classDescription,
  classList,
  classPage,
  classParams,
  classPart,
  createClass,
  deleteWithSubmissions,
  invitation,
  invitationParams,
  invited,
  inviteToClass,
  partName,
  partParams,
  setStaff,
  staffParams,
} from '../../protocol/api/index.js'
import type { Classes } from './index.js'
import { rosterRoutes } from './roster-routes.js'
import { studentRoutes } from './student-routes.js'

const tags = ['classes']
const done = z.null()

/** `/classes`. */
export const classRoutes =
  (services: Classes, publicUrl: string): FastifyPluginAsyncZod =>
  async (app) => {
    const { classes, parts, invitations } = services
    await app.register(studentRoutes(services))
    await app.register(rosterRoutes(services))

    app.route({
      method: 'POST',
      url: '/classes',
      schema: { tags, summary: 'Create a class', body: createClass, response: { 201: classDescription } },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return classes.create(principal, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/classes',
      schema: {
        ...{ tags, summary: 'List your classes, newest first', querystring: classPage },
        description: 'Owners and admins of the tenant see all of its classes.',
        response: { 200: classList },
      },
      handler: async ({ principal, query }) => classes.list(principal, query),
    })
    app.route({
      method: 'GET',
      url: '/classes/:id',
      schema: { tags, summary: 'Read a class', params: classParams, response: { 200: classDescription } },
      handler: async ({ principal, params }) => classes.get(principal, params.id),
    })
    app.route({
      method: 'PATCH',
      url: '/classes/:id',
      schema: {
        ...{ tags, summary: 'Change a class, or archive it', params: classParams, body: changeClass },
        response: { 200: classDescription },
      },
      handler: async ({ principal, params, body }) => classes.change(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/classes/:id',
      schema: {
        ...{ tags, summary: 'Delete a class with its roster', params: classParams, response: { 204: done } },
        querystring: deleteWithSubmissions,
        description:
          'Its students stay members of the tenant, and what they made stays. What was handed in goes with its assignments, so it is refused with 409 while there is any, unless `submissions=delete`.',
      },
      handler: async ({ principal, params, query }, reply) => {
        await classes.delete(principal, params.id, query.submissions)
        return reply.code(204).send(null)
      },
    })

    app.route({
      method: 'PUT',
      url: '/classes/:id/staff/:userId',
      schema: {
        ...{ tags, summary: 'Make a member a teacher or an assistant of a class', params: staffParams },
        ...{ body: setStaff, response: { 200: classDescription } },
      },
      handler: async ({ principal, params, body }) =>
        classes.setStaff(principal, params.id, params.userId, body.role),
    })
    app.route({
      method: 'DELETE',
      url: '/classes/:id/staff/:userId',
      schema: {
        ...{ tags, summary: 'Take a teacher or an assistant out of a class', params: staffParams },
        response: { 204: done },
      },
      handler: async ({ principal, params }, reply) => {
        await classes.removeStaff(principal, params.id, params.userId)
        return reply.code(204).send(null)
      },
    })

    for (const kind of ['section', 'group'] as const) {
      app.route({
        method: 'POST',
        url: `/classes/:id/${kind}s`,
        schema: {
          ...{ tags, summary: `Add a ${kind} to a class`, params: classParams, body: partName },
          response: { 201: classPart },
        },
        handler: async ({ principal, params, body }, reply) => {
          reply.code(201)
          return parts.create(principal, params.id, kind, body.name)
        },
      })
      app.route({
        method: 'PATCH',
        url: `/classes/:id/${kind}s/:partId`,
        schema: {
          ...{ tags, summary: `Rename a ${kind} of a class`, params: partParams, body: partName },
          response: { 200: classPart },
        },
        handler: async ({ principal, params, body }) =>
          parts.rename(principal, params.id, kind, params.partId, body.name),
      })
      app.route({
        method: 'DELETE',
        url: `/classes/:id/${kind}s/:partId`,
        schema: {
          ...{ tags, summary: `Delete a ${kind} of a class`, params: partParams, response: { 204: done } },
          description: 'Its students stay in the class.',
        },
        handler: async ({ principal, params }, reply) => {
          await parts.delete(principal, params.id, kind, params.partId)
          return reply.code(204).send(null)
        },
      })
    }

    app.route({
      method: 'POST',
      url: '/classes/:id/invitations',
      schema: {
        ...{ tags, summary: 'Create a link and a code by which students join a class' },
        ...{ params: classParams, body: inviteToClass, response: { 201: invited } },
        description:
          'Whoever joins by it becomes a student of the tenant and of the class. Whom the roster expects with their address takes that place.',
      },
      handler: async ({ principal, params, body }, reply) => {
        const { secret, ...one } = await invitations.create(principal, params.id, body)
        reply.code(201)
        return { ...one, url: `${publicUrl}/join#${secret}` }
      },
    })
    app.route({
      method: 'GET',
      url: '/classes/:id/invitations',
      schema: {
        ...{ tags, summary: 'List the open links of a class', params: classParams },
        response: { 200: z.object({ invitations: z.array(invitation) }) },
      },
      handler: async ({ principal, params }) => ({
        invitations: await invitations.list(principal, params.id),
      }),
    })
    app.route({
      method: 'DELETE',
      url: '/classes/:id/invitations/:invitationId',
      schema: {
        ...{ tags, summary: 'Withdraw a link of a class', params: invitationParams, response: { 204: done } },
      },
      handler: async ({ principal, params }, reply) => {
        await invitations.revoke(principal, params.id, params.invitationId)
        return reply.code(204).send(null)
      },
    })
  }
