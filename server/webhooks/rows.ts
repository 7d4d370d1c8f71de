import { z } from 'zod'
import type { Webhook as Row } from '../../prisma/generated/client.js'
import { deliveryState, eventType, type Webhook, type WebhookDelivery } from '../../protocol/api/index.js'
import { eventColumns, eventRow, presentEvent } from '../events/store.js'

/** The place of a secret: sealed text that is moved to another row cannot be opened there. */
export const placeOf = (tenantId: string, id: string) => `${tenantId} webhook ${id}`

export function present(row: Row): Webhook {
  const { id, name, url, types, enabled, problem, failingSince, oldSecretUntil, createdAt, createdBy } = row
  return {
    ...{ id, name, url, enabled, problem, createdBy, types: z.array(eventType).parse(types) },
    failingSince: failingSince?.toISOString() ?? null,
    oldSecretUntil:
      oldSecretUntil !== null && oldSecretUntil > new Date() ? oldSecretUntil.toISOString() : null,
    createdAt: createdAt.toISOString(),
  }
}

/** A delivery with its event, as the driver gives it. */
export const deliveryRow = eventRow.extend({
  deliveryId: z.string(),
  state: deliveryState,
  tries: z.number(),
  triedAt: z.date().nullable(),
  dueAt: z.date().nullable(),
  status: z.number().nullable(),
  error: z.string().nullable(),
  answer: z.string().nullable(),
})

/** Deliveries with their events. */
export const selectDeliveries = `SELECT ${eventColumns}, delivery.id AS "deliveryId", delivery.state, delivery.tries,
    delivery."triedAt", delivery."dueAt", delivery.status, delivery.error, delivery.answer
  FROM webhook_delivery AS delivery JOIN event ON event.position = delivery.position`

export function presentDelivery(row: z.infer<typeof deliveryRow>): WebhookDelivery {
  const { position, id, type, at, data, deliveryId, state, tries, triedAt, dueAt, status, error, answer } =
    row
  return {
    ...{ id: deliveryId, event: presentEvent({ position, id, type, at, data }) },
    ...{ state, tries, status, error, answer },
    triedAt: triedAt?.toISOString() ?? null,
    dueAt: dueAt?.toISOString() ?? null,
  }
}
