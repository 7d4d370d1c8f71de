import { z } from 'zod'
import { eventType, tenantEvent } from './events.js'
import { listOf, page } from './lists.js'
import { displayName } from './sandbox.js'

const suffix = '[0-9abcdefghjkmnpqrstvwxyz]{20}'
export const webhookId = z.string().regex(new RegExp(`^wh_${suffix}$`), 'is not a webhook id')
export const webhookDeliveryId = z.string().regex(new RegExp(`^wd_${suffix}$`), 'is not a delivery id')

/** Bounds of webhooks. */
export const webhookBounds = {
  /** Of one tenant. */
  webhooks: 10,
  /** Attempts at one delivery; then it has failed. */
  tries: 10,
  /** How long the secret before goes on to sign, after a new one was made. */
  oldSecretHours: 24,
  /** Of an answer that is kept. */
  answerCharacters: 500,
} as const

const url = z
  .url({ protocol: /^https?$/, error: 'must be a URL that begins with https:// or http://' })
  .max(2048)
  .describe('must have a public address, unless an operator allows others')
const types = z
  .array(eventType)
  .max(eventType.options.length)
  .describe('which events are sent; none: all of them')

/** Body of `POST /webhooks`. */
export const createWebhook = z.strictObject({
  name: displayName.optional().describe('the host of the URL if absent'),
  url,
  types: types.default([]),
  enabled: z.boolean().default(true),
})
export type CreateWebhook = z.infer<typeof createWebhook>

/** Body of `PATCH /webhooks/{id}`. */
export const changeWebhook = z.strictObject({
  name: displayName.optional(),
  url: url.optional(),
  types: types.optional(),
  enabled: z.boolean().optional().describe('`false`: what waits is not sent any more, and can be replayed'),
})
export type ChangeWebhook = z.infer<typeof changeWebhook>

/** Where a tenant has its events sent. */
export const webhook = z.object({
  id: webhookId,
  name: z.string(),
  url: z.string(),
  types: z.array(eventType),
  enabled: z.boolean(),
  problem: z.string().nullable().describe('why it was disabled, if nobody did that'),
  failingSince: z.iso.datetime().nullable().describe('no delivery has succeeded since'),
  oldSecretUntil: z.iso.datetime().nullable().describe('until then the secret before signs too'),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
})
export type Webhook = z.infer<typeof webhook>
export const webhookList = listOf(webhook)
export const webhookParams = z.object({ id: webhookId })

/** With what its deliveries are signed: it is told once. */
export const webhookWithSecret = webhook.extend({
  secret: z.string().describe('`whsec_…`, for any library of Standard Webhooks. It is not told again'),
})
export type WebhookWithSecret = z.infer<typeof webhookWithSecret>

export const deliveryState = z.enum(['pending', 'delivered', 'failed'])
export type DeliveryState = z.infer<typeof deliveryState>

/** One event on its way to a webhook. */
export const webhookDelivery = z.object({
  id: webhookDeliveryId,
  event: tenantEvent,
  state: deliveryState,
  tries: z.int(),
  triedAt: z.iso.datetime().nullable(),
  dueAt: z.iso.datetime().nullable().describe('the next attempt'),
  status: z.int().nullable().describe('of HTTP, of the last attempt'),
  error: z.string().nullable().describe('why the last attempt failed'),
  answer: z.string().nullable().describe('the beginning of what was answered'),
})
export type WebhookDelivery = z.infer<typeof webhookDelivery>
export const deliveryList = listOf(webhookDelivery)
export const deliveryPage = page.extend({ state: deliveryState.optional() })
export const deliveryParams = z.object({ id: webhookId, deliveryId: webhookDeliveryId })

/** Body of `POST /webhooks/{id}/replay`. */
export const replayDeliveries = z.strictObject({
  since: z.iso.datetime().max(40).describe('those that have failed of events from then on'),
})
export type ReplayDeliveries = z.infer<typeof replayDeliveries>
export const replayedDeliveries = z.object({ replayed: z.int() })
