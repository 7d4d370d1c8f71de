import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeShare,
  createShare,
  leaveShare,
  linkBody,
  receivedShare,
  sandboxParams,
  share,
  shareAccepted,
  shareCreated,
  shareId,
} from '../../protocol/api/index.js'
import type { ShareService } from './service.js'

/** With whom a sandbox is shared, and what is shared with the caller. */
export const shareRoutes =
  (shares: ShareService): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['shares']
    app.route({
      method: 'POST',
      url: '/sandboxes/:id/shares',
      schema: {
        ...{ tags, summary: 'Share a sandbox', params: sandboxParams },
        ...{ body: createShare.default(createShare.parse({})), response: { 201: shareCreated } },
        description:
          'With a member of the tenant, or by a link for whoever has it and is signed in. They see this sandbox and nothing else of the tenant. The server decides about each call and each frame that they send.',
      },
      handler: async (request, reply) => {
        reply.code(201)
        return shares.create(request.principal, request.params.id, request.body)
      },
    })
    app.route({
      method: 'GET',
      url: '/sandboxes/:id/shares',
      schema: {
        ...{ tags, summary: 'List with whom a sandbox is shared', params: sandboxParams },
        response: { 200: z.object({ shares: z.array(share) }) },
      },
      handler: async ({ principal, params }) => ({ shares: await shares.list(principal, params.id) }),
    })
    app.route({
      method: 'PATCH',
      url: '/shares/:id',
      schema: {
        ...{ tags, summary: 'Change a share', params: z.object({ id: shareId }), body: changeShare },
        response: { 200: share },
        description: 'It counts at once, also for what is open: who may only look from now on cannot type.',
      },
      handler: ({ principal, params, body }) => shares.change(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/shares/:id',
      schema: {
        ...{ tags, summary: 'Stop sharing', params: z.object({ id: shareId }), response: { 204: z.null() } },
        description:
          'Whoever came by it is cut off at once: sockets, terminals and running calls are closed.',
      },
      handler: async ({ principal, params }, reply) => {
        await shares.remove(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'GET',
      url: '/shares',
      schema: {
        ...{ tags, summary: 'List sandboxes that others share with you' },
        response: { 200: z.object({ shares: z.array(receivedShare) }) },
      },
      handler: async ({ principal }) => ({ shares: await shares.received(principal) }),
    })
    app.route({
      method: 'POST',
      url: '/shares/leave',
      schema: {
        ...{ tags, summary: 'Leave a sandbox that is shared with you', body: leaveShare },
        response: { 204: z.null() },
      },
      handler: async ({ principal, body }, reply) => {
        await shares.leave(principal, body.sandboxId)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/shares/accept',
      schema: {
        ...{ tags, summary: 'Accept a link to a sandbox', body: linkBody },
        response: { 200: shareAccepted },
      },
      handler: ({ principal, body }) => shares.accept(principal, body.secret),
    })
  }
