import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  acceptInvitation,
  apiKey,
  apiKeyCreated,
  changeMember,
  createApiKey,
  deleteTenant,
  invitation,
  invite,
  invited,
  me,
  member,
  memberRemoved,
  membersPage,
  quotaStatus,
  removeMember,
  tenant,
  tenantId,
  tenantName,
  updateTenant,
} from '../../protocol/api/index.js'
import type { Principals } from '../auth/principal.js'
import type { KeyService } from './keys.js'
import type { Members } from './members.js'
import type { TenantService } from './tenant-service.js'

const done = z.null()

/** Who I am, my tenants, their members, keys, quota and history. */
export const tenantRoutes =
  (
    tenants: TenantService,
    members: Members,
    keys: KeyService,
    principals: Principals,
    publicUrl: string,
  ): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['tenants']

    app.route({
      method: 'GET',
      url: '/me',
      schema: { tags, summary: 'Who is calling, and for which tenant', response: { 200: me } },
      handler: (request) => tenants.describe(request.principal),
    })
    app.route({
      method: 'POST',
      url: '/tenants',
      schema: { tags, summary: 'Create a tenant of your own', body: tenantName, response: { 201: tenant } },
      handler: async (request, reply) => {
        reply.code(201)
        return tenants.create(request.principal, request.body.name)
      },
    })
    app.route({
      method: 'PATCH',
      url: '/tenant',
      schema: {
        ...{ tags, summary: 'Rename the tenant, or change what its audit log has', body: updateTenant },
        response: { 200: me },
      },
      handler: (request) => tenants.change(request.principal, request.body),
    })
    app.route({
      method: 'POST',
      url: '/tenants/:id/activate',
      schema: {
        ...{ tags, summary: 'Act for another of your tenants', params: z.object({ id: tenantId }) },
        response: { 204: done },
      },
      handler: async (request, reply) => {
        await tenants.activate(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })

    app.route({
      method: 'GET',
      url: '/members',
      schema: {
        ...{ tags, summary: 'List members and pending invitations', querystring: membersPage },
        description:
          'Members in the order in which they joined. All of them at once, or pages with `limit`; the invitations are in each.',
        response: {
          200: z.object({
            members: z.array(member),
            invitations: z.array(invitation),
            nextCursor: z.string().nullable(),
          }),
        },
      },
      handler: async ({ principal, query }) => members.list(principal, query),
    })
    app.route({
      method: 'PATCH',
      url: '/members/:userId',
      schema: {
        ...{ tags, summary: "Change a member's role", params: z.object({ userId: z.string().max(64) }) },
        ...{ body: changeMember, response: { 204: done } },
      },
      handler: async (request, reply) => {
        await members.change(request.principal, request.params.userId, request.body.role)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/members/:userId',
      schema: {
        ...{ tags, summary: 'Remove a member, or leave', params: z.object({ userId: z.string().max(64) }) },
        ...{ querystring: removeMember, response: { 200: memberRemoved } },
        description:
          'Ends their access at once: sockets, terminals and running calls are closed. API keys that they created are revoked, or become yours with `keys=transfer`.',
      },
      handler: ({ principal, params, query }) => members.remove(principal, params.userId, query.keys),
    })
    app.route({
      method: 'POST',
      url: '/invitations',
      schema: {
        tags,
        summary: 'Create an invite link, for one person or for a class',
        body: invite,
        response: { 201: invited },
      },
      handler: async (request, reply) => {
        const { secret, ...one } = await members.invite(request.principal, request.body)
        reply.code(201)
        return { ...one, url: `${publicUrl}/join#${secret}` }
      },
    })
    app.route({
      method: 'POST',
      url: '/invitations/accept',
      schema: {
        ...{ tags, summary: 'Join a tenant', body: acceptInvitation },
        response: { 200: me },
      },
      handler: async (request) => {
        const joined = await members.accept(request.principal, request.body.secret)
        await tenants.activate(request.principal, joined)
        return tenants.describe(await principals.identify(request.raw))
      },
    })
    app.route({
      method: 'DELETE',
      url: '/invitations/:id',
      schema: {
        ...{ tags, summary: 'Withdraw an invitation', params: z.object({ id: z.string().max(64) }) },
        response: { 204: done },
      },
      handler: async (request, reply) => {
        await members.revoke(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })

    app.route({
      method: 'GET',
      url: '/keys',
      schema: {
        ...{ tags, summary: 'List API keys', response: { 200: z.object({ keys: z.array(apiKey) }) } },
        description: 'Of a key of an owner or admin, those that it made.',
      },
      handler: async (request) => ({ keys: await keys.list(request.principal) }),
    })
    app.route({
      method: 'POST',
      url: '/keys',
      schema: {
        ...{ tags, summary: 'Create an API key', body: createApiKey, response: { 201: apiKeyCreated } },
        description:
          'By owners and admins. A key of one makes keys with limits, which are deleted together with it and make none.',
      },
      handler: async (request, reply) => {
        reply.code(201)
        return keys.create(request.principal, request.body)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/keys/:id',
      schema: {
        ...{ tags, summary: 'Delete an API key', params: z.object({ id: z.string().max(64) }) },
        response: { 204: done },
        description: 'With the keys that it made. Whatever uses one of them loses access at once.',
      },
      handler: async (request, reply) => {
        await keys.delete(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })

    app.route({
      method: 'GET',
      url: '/quota',
      schema: {
        tags,
        summary: 'Quota of the tenant, and what is in use',
        response: { 200: quotaStatus },
      },
      handler: (request) => tenants.quota(request.principal),
    })
    app.route({
      method: 'DELETE',
      url: '/tenant',
      schema: {
        ...{ tags, summary: 'Delete the tenant', body: deleteTenant, response: { 204: done } },
        description:
          'With its members, keys, finished runs, audit log and usage. Refused while it has sandboxes, volumes or unfinished runs, or is your only tenant.',
      },
      handler: async (request, reply) => {
        await tenants.delete(request.principal, request.body.name)
        return reply.code(204).send(null)
      },
    })
  }
