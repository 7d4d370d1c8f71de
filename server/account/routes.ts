import type { FastifyInstance } from 'fastify'
import type { FastifyPluginAsyncZod, ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import {
  accountDeletion,
  accountSessions,
  changeAccount,
  changePassword,
  deleteAccount as deleteAccountBody,
  deleteTenant as deleteTenantBody,
  invitationPreview,
  linkBody,
  resetLinkStatus,
  resetPassword,
  role,
} from '../../protocol/api/index.js'
import { auditAccount, auditNode } from '../audit.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import { requireRole } from '../tenants/members.js'
import { deleteAccount, deleteTenant, deletionOf } from './deletion.js'
import type { Passwords } from './passwords.js'
import { resetLinkOf, useResetLink } from './reset-links.js'

const done = z.null()
const tags = ['account']

/** @throws ApiError `forbidden` for an API key */
function personOf({ userId, sessionId, actor }: Principal) {
  if (userId === null || sessionId === null) throw forbidden('an API key has no account; sign in instead')
  return { userId, sessionId, email: actor }
}

/** `/account`: what people change about themselves; and `DELETE /tenant`. */
export const accountRoutes =
  (database: Database, principals: Principals, passwords: Passwords): FastifyPluginAsyncZod =>
  async (app) => {
    const { prisma } = database

    app.route({
      method: 'PATCH',
      url: '/account',
      schema: { tags, summary: 'Change your name', body: changeAccount, response: { 204: done } },
      handler: async (request, reply) => {
        const { userId } = personOf(request.principal)
        await prisma.user.update({ where: { id: userId }, data: { name: request.body.name } })
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'PUT',
      url: '/account/password',
      schema: {
        ...{ tags, summary: 'Change your password', body: changePassword, response: { 204: done } },
        description: 'Every other session of the account ends.',
      },
      handler: async (request, reply) => {
        const { userId, sessionId, email } = personOf(request.principal)
        await passwords.check(userId, request.body.currentPassword)
        await passwords.replace(userId, request.body.newPassword, sessionId)
        principals.forget()
        await auditAccount(prisma, userId, email, 'account.password')
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/account/sessions',
      schema: { tags, summary: 'List where you are signed in', response: { 200: accountSessions } },
      handler: async (request) => {
        const { userId, sessionId } = personOf(request.principal)
        const rows = await prisma.session.findMany({
          where: { userId, expiresAt: { gt: new Date() } },
          orderBy: { updatedAt: 'desc' },
          take: 200,
        })
        return {
          sessions: rows.map((row) => ({
            ...{ id: row.id, userAgent: row.userAgent || null, ipAddress: row.ipAddress || null },
            createdAt: row.createdAt.toISOString(),
            lastUsedAt: row.updatedAt.toISOString(),
            expiresAt: row.expiresAt.toISOString(),
            current: row.id === sessionId,
          })),
        }
      },
    })
    app.route({
      method: 'DELETE',
      url: '/account/sessions',
      schema: { tags, summary: 'Sign out everywhere else', response: { 204: done } },
      handler: async (request, reply) => {
        const { userId, sessionId } = personOf(request.principal)
        await prisma.session.deleteMany({ where: { userId, id: { not: sessionId } } })
        principals.forget()
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/account/sessions/:id',
      schema: {
        ...{ tags, summary: 'Sign out one session', params: z.object({ id: z.string().max(64) }) },
        response: { 204: done },
      },
      handler: async (request, reply) => {
        const { userId } = personOf(request.principal)
        const { count } = await prisma.session.deleteMany({ where: { userId, id: request.params.id } })
        if (count === 0) throw notFound('session')
        principals.forget()
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/account/deletion',
      schema: { tags, summary: 'What deleting your account deletes', response: { 200: accountDeletion } },
      handler: (request) => deletionOf(database.pool, personOf(request.principal).userId),
    })
    app.route({
      method: 'DELETE',
      url: '/account',
      schema: {
        ...{ tags, summary: 'Delete your account', body: deleteAccountBody, response: { 204: done } },
        description:
          'Refused while you are the only owner of a tenant that has other members or sandboxes: hand it over or delete it first.',
      },
      handler: async (request, reply) => {
        const { userId, email } = personOf(request.principal)
        await passwords.check(userId, request.body.currentPassword)
        await deleteAccount(database, userId, email)
        principals.forget()
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'DELETE',
      url: '/tenant',
      schema: {
        ...{
          tags: ['tenants'],
          summary: 'Delete the tenant',
          body: deleteTenantBody,
          response: { 204: done },
        },
        description:
          'With its members, keys, finished runs, audit log and usage. Refused while it has sandboxes or unfinished runs, or is your only tenant.',
      },
      handler: async (request, reply) => {
        requireRole(request.principal, 'owner')
        const { tenantId, actor } = request.principal
        const { userId } = personOf(request.principal)
        const tenant = await prisma.tenant.findUnique({ where: { id: tenantId } })
        if (tenant === null) throw notFound('tenant')
        if (tenant.name !== request.body.name) {
          throw new ApiError(
            'invalid_request',
            `the name does not match: this tenant is called ${tenant.name}`,
          )
        }
        if ((await prisma.member.count({ where: { userId } })) < 2) {
          throw new ApiError(
            'conflict',
            'this is your only tenant; create another one first, or delete your account',
          )
        }
        await deleteTenant(database, tenantId)
        principals.forget()
        await auditNode(prisma, { actor }, 'tenant.delete', tenantId, { name: tenant.name })
        return reply.code(204).send(null)
      },
    })
  }

/** What people do with a link before they are signed in. The secret is in the body: no log sees it. */
export function linkRoutes(
  app: FastifyInstance,
  database: Database,
  principals: Principals,
  passwords: Passwords,
): void {
  const open = app.withTypeProvider<ZodTypeProvider>()
  open.route({
    method: 'POST',
    url: '/api/v1/account/reset/preview',
    schema: {
      ...{ tags, summary: 'Whose password a reset link sets', body: linkBody, security: [] },
      response: { 200: resetLinkStatus },
    },
    handler: async (request) => {
      const { user, expiresAt } = await resetLinkOf(database, request.body.secret)
      return { email: user.email, expiresAt: expiresAt.toISOString() }
    },
  })
  open.route({
    method: 'POST',
    url: '/api/v1/account/reset',
    schema: {
      ...{ tags, summary: 'Set a new password with a reset link', body: resetPassword, security: [] },
      description: 'The link works once. Every session of the account ends.',
      response: { 200: z.object({ email: z.string() }) },
    },
    handler: async (request) => {
      const { secret, newPassword } = request.body
      const answer = await useResetLink(database, passwords, secret, newPassword)
      principals.forget()
      return answer
    },
  })
  open.route({
    method: 'POST',
    url: '/api/v1/invitations/preview',
    schema: {
      ...{ tags: ['tenants'], summary: 'What an invitation is to', body: linkBody, security: [] },
      response: { 200: invitationPreview },
    },
    handler: async (request) => {
      const found = await database.prisma.invitation.findUnique({
        where: { hash: sha256(request.body.secret) },
        include: { tenant: true },
      })
      if (found === null || found.expiresAt < new Date()) {
        throw new ApiError(
          'not_found',
          'the invitation was used, withdrawn or has expired; ask for a new link',
        )
      }
      return {
        ...{ tenant: found.tenant.name, email: found.email, role: role.parse(found.role) },
        ...{ invitedBy: found.invitedBy, expiresAt: found.expiresAt.toISOString() },
      }
    },
  })
}
