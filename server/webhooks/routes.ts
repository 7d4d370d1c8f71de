import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeWebhook,
  createWebhook,
  deliveryList,
  deliveryPage,
  deliveryParams,
  webhookParams as params,
  replayDeliveries,
  replayedDeliveries,
  webhook,
  webhookDelivery,
  webhookList,
  webhookWithSecret,
} from '../../protocol/api/index.js'
import type { WebhookDeliveries } from './deliveries.js'
import type { WebhookService } from './service.js'

const tags = ['webhooks']

/** `/webhooks` and what is below it. */
export const webhookRoutes =
  (webhooks: WebhookService, deliveries: WebhookDeliveries): FastifyPluginAsyncZod =>
  async (app) => {
    app.route({
      method: 'POST',
      url: '/webhooks',
      schema: {
        ...{ tags, summary: 'Have events sent to a URL', body: createWebhook },
        description:
          'Each event is POSTed as a `TenantEvent`, signed by the scheme of Standard Webhooks. The secret is told once.',
        response: { 201: webhookWithSecret },
      },
      handler: async ({ principal, body }, reply) => {
        reply.code(201)
        return webhooks.create(principal, body)
      },
    })
    app.route({
      method: 'GET',
      url: '/webhooks',
      schema: { tags, summary: 'List webhooks, newest first', response: { 200: webhookList } },
      handler: async ({ principal }) => ({ items: await webhooks.list(principal), nextCursor: null }),
    })
    app.route({
      method: 'GET',
      url: '/webhooks/:id',
      schema: { tags, summary: 'Read a webhook', params, response: { 200: webhook } },
      handler: async ({ principal, params }) => webhooks.get(principal, params.id),
    })
    app.route({
      method: 'PATCH',
      url: '/webhooks/:id',
      schema: {
        ...{ tags, summary: 'Change a webhook, or disable it', params },
        ...{ body: changeWebhook, response: { 200: webhook } },
      },
      handler: async ({ principal, params, body }) => webhooks.change(principal, params.id, body),
    })
    app.route({
      method: 'DELETE',
      url: '/webhooks/:id',
      schema: { tags, summary: 'Delete a webhook with its deliveries', params, response: { 204: z.null() } },
      handler: async ({ principal, params }, reply) => {
        await webhooks.delete(principal, params.id)
        return reply.code(204).send(null)
      },
    })
    app.route({
      method: 'POST',
      url: '/webhooks/:id/secret',
      schema: {
        ...{ tags, summary: 'Make a new secret', params, response: { 200: webhookWithSecret } },
        description:
          'Deliveries are signed with both for a day, so that the receiver can be changed meanwhile.',
      },
      handler: async ({ principal, params }) => webhooks.rotate(principal, params.id),
    })
    app.route({
      method: 'GET',
      url: '/webhooks/:id/deliveries',
      schema: {
        ...{ tags, summary: 'List deliveries, of the newest event first', params, querystring: deliveryPage },
        response: { 200: deliveryList },
      },
      handler: async ({ principal, params, query }) => deliveries.list(principal, params.id, query),
    })
    app.route({
      method: 'POST',
      url: '/webhooks/:id/deliveries/:deliveryId/replay',
      schema: {
        ...{ tags, summary: 'Send an event again', params: deliveryParams },
        response: { 202: webhookDelivery },
      },
      handler: async ({ principal, params }, reply) => {
        reply.code(202)
        return deliveries.replay(principal, params.id, params.deliveryId)
      },
    })
    app.route({
      method: 'POST',
      url: '/webhooks/:id/replay',
      schema: {
        ...{
          tags,
          summary: 'Send all events again whose delivery has failed',
          params,
          body: replayDeliveries,
        },
        response: { 202: replayedDeliveries },
      },
      handler: async ({ principal, params, body }, reply) => {
        reply.code(202)
        return { replayed: await deliveries.replayFailed(principal, params.id, body) }
      },
    })
  }
