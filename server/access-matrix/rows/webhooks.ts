import { newId } from '../../../protocol/api/index.js'
import { own, read, readTheirs } from '../rules.js'
import { must, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

const wanted = { url: 'https://198.51.100.9/', enabled: false }
const webhook = ({ webhookId }: Victim): Call => ({ path: { id: webhookId } })
const since = () => ({ body: { since: new Date().toISOString() } })

/** The webhook of the victim, enabled: what is sent there is refused, for it is this host. With a delivery that has failed. */
async function withDelivery({ database, victim }: World): Promise<Call> {
  const { webhookId, tenantId } = victim
  const deliveryId = newId('wd')
  await database.query(
    `UPDATE webhook SET enabled = true, url = 'http://127.0.0.1:9/', types = '{submission.created}' WHERE id = $1`,
    [webhookId],
  )
  await database.query(
    `INSERT INTO webhook_delivery (id, "tenantId", "webhookId", position, state)
     SELECT $1, $3, $2, position, 'failed' FROM event WHERE "tenantId" = $3 AND NOT EXISTS (
       SELECT FROM webhook_delivery AS known WHERE known."webhookId" = $2 AND known.position = event.position)
     ORDER BY position LIMIT 1`,
    [deliveryId, webhookId, tenantId],
  )
  return { path: { id: webhookId, deliveryId } }
}

/** What happens in a tenant, and where it is sent. */
export const webhookRows: Readonly<Record<string, Row>> = {
  followEvents: {
    rule: own,
    // Each tells of their own sandboxes, which other rows give the names of the victim's: it is by ids that they differ.
    call: () => ({ query: { since: '0', follow: 'false' }, headers: { 'x-known': 'confidential' } }),
  },
  createWebhook: { rule: read, call: () => ({ body: wanted }) },
  listWebhooks: { rule: read },
  getWebhook: { rule: readTheirs, call: webhook },
  changeWebhook: { rule: readTheirs, call: (victim) => ({ ...webhook(victim), body: { enabled: false } }) },
  rotateWebhookSecret: { rule: readTheirs, call: webhook },
  listWebhookDeliveries: { rule: readTheirs, call: webhook },
  replayWebhookDelivery: {
    rule: readTheirs,
    call: ({ webhookId }) => ({ path: { id: webhookId, deliveryId: newId('wd') } }),
    fresh: withDelivery,
  },
  replayWebhookDeliveries: {
    rule: readTheirs,
    call: (victim) => ({ ...webhook(victim), ...since() }),
    fresh: async (world) => ({ path: { id: (await withDelivery(world)).path?.id ?? '' }, ...since() }),
  },
  deleteWebhook: {
    rule: readTheirs,
    call: webhook,
    fresh: async ({ callers }) => ({
      path: { id: String((await must(callers.owner, 'POST', '/api/v1/webhooks', wanted)).id) },
    }),
  },
}
