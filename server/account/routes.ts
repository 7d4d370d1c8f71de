import type { FastifyInstance } from 'fastify'
import type { FastifyPluginAsyncZod, ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  acceptInvitation,
  accountDeletion,
  accountSessions,
  changeAccount,
  changePassword,
  deleteAccount as deleteAccountBody,
  invitationPreview,
  linkBody,
  resetLinkStatus,
  resetPassword,
  sharePreview,
} from '../../protocol/api/index.js'
import type { ShareService } from '../shares/service.js'
import type { Members } from '../tenants/members.js'
import type { AccountService } from './service.js'

const done = z.null()
const tags = ['account']

/** `/account`: what people change about themselves. */
export const accountRoutes =
  (account: AccountService): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'PATCH',
      url: '/account',
      schema: { tags, summary: 'Change your name', body: changeAccount, response: { 204: done } },
      handler: async (request, reply) => {
        await account.rename(request.principal, request.body.name)
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
        await account.changePassword(request.principal, request.body)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/account/sessions',
      schema: { tags, summary: 'List where you are signed in', response: { 200: accountSessions } },
      handler: (request) => account.sessions(request.principal),
    })
    app.route({
      method: 'DELETE',
      url: '/account/sessions',
      schema: { tags, summary: 'Sign out everywhere else', response: { 204: done } },
      handler: async (request, reply) => {
        await account.endOtherSessions(request.principal)
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
        await account.endSession(request.principal, request.params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/account/deletion',
      schema: { tags, summary: 'What deleting your account deletes', response: { 200: accountDeletion } },
      handler: (request) => account.deletion(request.principal),
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
        await account.delete(request.principal, request.body.currentPassword)
        return reply.code(204).send(null)
      },
    })
  }

/** What people do with a link before they are signed in. The secret is in the body: no log sees it. */
export function linkRoutes(
  app: FastifyInstance,
  account: AccountService,
  members: Members,
  shares: ShareService,
): void {
  const open = app.withTypeProvider<ZodTypeProvider>()
  open.route({
    method: 'POST',
    url: '/api/v1/account/reset/preview',
    schema: {
      ...{ tags, summary: 'Whose password a reset link sets', body: linkBody, security: [] },
      response: { 200: resetLinkStatus },
    },
    handler: (request) => account.previewReset(request.body.secret),
  })
  open.route({
    method: 'POST',
    url: '/api/v1/account/reset',
    schema: {
      ...{ tags, summary: 'Set a new password with a reset link', body: resetPassword, security: [] },
      description: 'The link works once. Every session of the account ends.',
      response: { 200: z.object({ email: z.string() }) },
    },
    handler: (request) => account.reset(request.body.secret, request.body.newPassword),
  })
  open.route({
    method: 'POST',
    url: '/api/v1/invitations/preview',
    schema: {
      ...{ tags: ['tenants'], summary: 'What an invitation is to', body: acceptInvitation, security: [] },
      response: { 200: invitationPreview },
    },
    handler: (request) => members.preview(request.body.secret),
  })
  open.route({
    method: 'POST',
    url: '/api/v1/shares/preview',
    schema: {
      ...{ tags: ['shares'], summary: 'What a link to a sandbox leads to', body: linkBody, security: [] },
      response: { 200: sharePreview },
    },
    handler: (request) => shares.preview(request.body.secret),
  })
}
