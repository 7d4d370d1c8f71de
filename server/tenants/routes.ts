import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  acceptInvitation,
  apiKey,
  apiKeyCreated,
  changeMember,
  createApiKey,
  invitation,
  invite,
  invited,
  me,
  member,
  memberRemoved,
  quotaStatus,
  removeMember,
  role,
  template,
  tenant,
  tenantId,
  tenantName,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { forbidden, notFound } from '../errors.js'
import type { Templates } from '../sandboxes/templates.js'
import { auditRoutes } from './audit-log.js'
import { storeAnother } from './bounds.js'
import { createKey, deleteKey, listKeys } from './keys.js'
import { Members, requireRole } from './members.js'
import { createAnother, createTenant, quotaOf } from './tenants.js'
import { usedBy } from './used.js'

const done = z.null()

/** Who I am, my tenants, their members, keys, quota and history. */
export const tenantRoutes =
  (
    database: Database,
    principals: Principals,
    templates: Templates,
    publicUrl: string,
  ): FastifyPluginAsyncZod =>
  async (app) => {
    const { prisma } = database
    const members = new Members(database)
    const tags = ['tenants']

    const describeMe = async (who: Principal) => {
      const own = await prisma.tenant.findUnique({ where: { id: who.tenantId } })
      if (own === null) throw notFound('tenant')
      const { id, name } = own
      const active = { id, name, role: who.role }
      if (who.userId === null) return { user: null, tenant: active, tenants: [active] }
      const user = await prisma.user.findUnique({
        where: { id: who.userId },
        include: { members: { include: { tenant: true }, orderBy: { createdAt: 'asc' } } },
      })
      if (user === null) throw notFound('user')
      return {
        user: { id: user.id, name: user.name, email: user.email, operator: who.operator },
        tenant: active,
        tenants: user.members.map((one) => ({
          ...{ id: one.tenantId, name: one.tenant.name, role: role.parse(one.role) },
        })),
      }
    }
    const activate = async (who: Principal, to: string) => {
      const { sessionId } = who
      if (sessionId === null) throw forbidden('an API key belongs to one tenant')
      await prisma.session.update({ where: { id: sessionId }, data: { activeTenantId: to } })
      principals.forget({ sessionId })
    }

    app.route({
      method: 'GET',
      url: '/me',
      schema: { tags, summary: 'Who is calling, and for which tenant', response: { 200: me } },
      handler: async (request) => describeMe(request.principal),
    })
    app.route({
      method: 'POST',
      url: '/tenants',
      schema: { tags, summary: 'Create a tenant of your own', body: tenantName, response: { 201: tenant } },
      handler: async (request, reply) => {
        const { userId, actor, operator } = request.principal
        if (userId === null)
          throw forbidden('an API key belongs to one tenant; sign in to create another tenant')
        const create = operator ? createTenant : createAnother
        const id = await create(prisma, userId, request.body.name)
        await audit(prisma, { tenantId: id, actor }, 'tenant.create', id)
        reply.code(201)
        return { id, name: request.body.name, role: 'owner' as const }
      },
    })
    app.route({
      method: 'PATCH',
      url: '/tenant',
      schema: { tags, summary: 'Rename the tenant', body: tenantName, response: { 200: me } },
      handler: async (request) => {
        requireRole(request.principal, 'owner')
        const { tenantId } = request.principal
        await prisma.tenant.update({ where: { id: tenantId }, data: { name: request.body.name } })
        await audit(prisma, request.principal, 'tenant.rename', tenantId, { name: request.body.name })
        return describeMe(request.principal)
      },
    })
    app.route({
      method: 'POST',
      url: '/tenants/:id/activate',
      schema: {
        ...{ tags, summary: 'Act for another of your tenants', params: z.object({ id: tenantId }) },
        response: { 204: done },
      },
      handler: async (request, reply) => {
        const { userId } = request.principal
        const where = { tenantId_userId: { tenantId: request.params.id, userId: userId ?? '' } }
        if ((await prisma.member.findUnique({ where })) === null) throw notFound('tenant')
        await activate(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })

    app.route({
      method: 'GET',
      url: '/members',
      schema: {
        ...{ tags, summary: 'List members and pending invitations' },
        response: { 200: z.object({ members: z.array(member), invitations: z.array(invitation) }) },
      },
      handler: async (request) => members.list(request.principal),
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
        principals.forget({ userId: request.params.userId })
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
      handler: async (request) => {
        const { userId } = request.params
        const removed = await members.remove(request.principal, userId, request.query.keys)
        principals.forget({ userId })
        return removed
      },
    })
    app.route({
      method: 'POST',
      url: '/invitations',
      schema: { tags, summary: 'Create an invite link', body: invite, response: { 201: invited } },
      handler: async (request, reply) => {
        const { secret, ...one } = await members.invite(
          request.principal,
          request.body.email,
          request.body.role,
        )
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
        await activate(request.principal, joined)
        return describeMe(await principals.identify(request.raw))
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
      schema: { tags, summary: 'List API keys', response: { 200: z.object({ keys: z.array(apiKey) }) } },
      handler: async (request) => {
        requireRole(request.principal, 'admin')
        return { keys: await listKeys(prisma, request.principal.tenantId) }
      },
    })
    app.route({
      method: 'POST',
      url: '/keys',
      schema: { tags, summary: 'Create an API key', body: createApiKey, response: { 201: apiKeyCreated } },
      handler: async (request, reply) => {
        requireRole(request.principal, 'admin')
        const { tenantId, userId } = request.principal
        const created = await storeAnother(prisma, tenantId, 'apiKey', (client) =>
          createKey(client, tenantId, request.body, userId),
        )
        await audit(prisma, request.principal, 'key.create', created.id, { name: created.name })
        reply.code(201)
        return created
      },
    })
    app.route({
      method: 'DELETE',
      url: '/keys/:id',
      schema: {
        ...{ tags, summary: 'Delete an API key', params: z.object({ id: z.string().max(64) }) },
        response: { 204: done },
      },
      handler: async (request, reply) => {
        requireRole(request.principal, 'admin')
        const name = await deleteKey(prisma, request.principal.tenantId, request.params.id)
        principals.forget({ keyId: request.params.id })
        await audit(prisma, request.principal, 'key.delete', request.params.id, { name })
        return reply.code(204).send(null)
      },
    })

    app.route({
      method: 'GET',
      url: '/templates',
      schema: {
        ...{ tags: ['sandboxes'], summary: 'What sandboxes can be made from' },
        response: { 200: z.object({ templates: z.array(template) }) },
      },
      handler: async () => ({ templates: await templates.list() }),
    })
    app.route({
      method: 'GET',
      url: '/quota',
      schema: {
        tags,
        summary: 'Quota of the tenant, and what is in use',
        response: { 200: quotaStatus },
      },
      handler: async (request) => {
        const { tenantId } = request.principal
        const [limits, used] = await Promise.all([quotaOf(prisma, tenantId), usedBy(database.pool, tenantId)])
        return { limits, used }
      },
    })
    await app.register(auditRoutes(database))
  }
