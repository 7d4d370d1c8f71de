import type { DeliveryState, ReplayDeliveries, WebhookDelivery } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { ApiError, notFound } from '../errors.js'
import { deliveryRow, presentDelivery, selectDeliveries } from './rows.js'
import type { WebhookService } from './service.js'

interface Page {
  readonly limit: number
  readonly cursor?: string | undefined
  readonly state?: DeliveryState | undefined
}

/** Due from now on, with all attempts before it. Whoever sends it at this moment writes nothing down any more. */
const again = `state = 'pending', tries = 0, "dueAt" = now() AT TIME ZONE 'UTC', lease = lease + 1, "leaseUntil" = NULL`

/** What was sent to webhooks, and what was not. */
export class WebhookDeliveries {
  constructor(
    private readonly database: Database,
    private readonly webhooks: WebhookService,
  ) {}

  /** Of the newest event first. @param cursor id of the last one of the page before */
  async list(who: Principal, id: string, { limit, cursor, state }: Page) {
    await this.webhooks.row(who, 'webhook.read', id)
    await requireCursor(cursor, (one) =>
      this.database.prisma.webhookDelivery.count({ where: { id: one, webhookId: id } }),
    )
    const { rows } = await this.database.pool.query(
      `${selectDeliveries}
       WHERE delivery."webhookId" = $1 AND ($2::TEXT IS NULL OR delivery.state = $2)
         AND ($3::TEXT IS NULL OR delivery.position < (SELECT position FROM webhook_delivery WHERE id = $3))
       ORDER BY delivery.position DESC LIMIT $4`,
      [id, state ?? null, cursor ?? null, limit + 1],
    )
    const items = rows.slice(0, limit).map((row) => presentDelivery(deliveryRow.parse(row)))
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  /** Sends one again, whatever came of it. @throws ApiError `conflict` while the webhook is disabled */
  async replay(who: Principal, id: string, deliveryId: string): Promise<WebhookDelivery> {
    const { name } = await this.#enabled(who, id)
    const { rowCount } = await this.database.pool.query(
      `UPDATE webhook_delivery SET ${again} WHERE id = $1 AND "webhookId" = $2`,
      [deliveryId, id],
    )
    if (rowCount === 0) throw notFound('delivery')
    await audit(this.database.prisma, who, 'webhook.replay', id, { name, delivery: deliveryId })
    const { rows } = await this.database.pool.query(`${selectDeliveries} WHERE delivery.id = $1`, [
      deliveryId,
    ])
    if (rows[0] === undefined) throw notFound('delivery')
    return presentDelivery(deliveryRow.parse(rows[0]))
  }

  /** Sends those again that have failed, of events from a time on. @returns how many there are */
  async replayFailed(who: Principal, id: string, { since }: ReplayDeliveries): Promise<number> {
    const { name } = await this.#enabled(who, id)
    const { rowCount } = await this.database.pool.query(
      `UPDATE webhook_delivery AS delivery SET ${again} FROM event
       WHERE event.position = delivery.position AND delivery."webhookId" = $1 AND delivery.state = 'failed'
         AND event.at >= $2`,
      [id, since.replace(/Z$/, '')],
    )
    await audit(this.database.prisma, who, 'webhook.replay', id, { name, since, count: rowCount ?? 0 })
    return rowCount ?? 0
  }

  async #enabled(who: Principal, id: string) {
    const row = await this.webhooks.row(who, 'webhook.change', id)
    if (!row.enabled) throw new ApiError('conflict', `the webhook ${row.name} is disabled; enable it first`)
    return row
  }
}
