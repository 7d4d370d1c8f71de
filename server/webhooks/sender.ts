import type { Logger } from 'pino'
import { z } from 'zod'
import { webhookBounds } from '../../protocol/api/index.js'
import { type Database, inTransaction } from '../database/client.js'
import { eventColumns, eventRow, presentEvent } from '../events/store.js'
import { isTaken, type PostAnswer, type SignedPosts } from '../outbound/signed-post.js'
import type { Sealing } from '../transfers/sealing.js'
import { failPending } from './pending.js'
import { placeOf } from './rows.js'

/** Waits after each attempt but the last, two days together. What comes at once is spread by a fifth. */
const retryAfterMs = [
  ...[5000, 30_000, 120_000, 600_000, 3_600_000],
  ...[3 * 3_600_000, 6 * 3_600_000, 12 * 3_600_000, 24 * 3_600_000],
] as const
const spread = 0.2
/** An attempt takes ten seconds at most; a server that has not written down what came of it by then has died. */
const leaseSeconds = 30
/** At this server, and of one tenant: whoever has slow receivers keeps nobody else's waiting. */
const [atOnce, ofTenant] = [32, 4] as const
/** Of one turn, so that a server that is to stop does. */
const roundsAtMost = 100
const failingHours = 24
/** Whoever answers so wants no more. */
const gone = 410

const utc = `now() AT TIME ZONE 'UTC'`
const isFree = `("leaseUntil" IS NULL OR "leaseUntil" <= ${utc})`
/** Leases what is due, of each tenant some. The attempt is counted before it is made. */
const take = `
  UPDATE webhook_delivery SET tries = tries + 1, lease = lease + 1, "triedAt" = ${utc},
    "leaseUntil" = ${utc} + interval '${leaseSeconds} seconds'
  WHERE id IN (
    SELECT found.id FROM (SELECT DISTINCT "tenantId" FROM webhook_delivery WHERE "dueAt" <= ${utc} AND ${isFree}) AS waiting
    CROSS JOIN LATERAL (
      SELECT delivery.id FROM webhook_delivery AS delivery
      JOIN webhook ON webhook.id = delivery."webhookId" AND webhook.enabled
      WHERE delivery."tenantId" = waiting."tenantId" AND "dueAt" <= ${utc} AND ${isFree}
      ORDER BY "dueAt", delivery.position
      LIMIT greatest(0, ${ofTenant} - (SELECT count(*) FROM webhook_delivery AS busy
        WHERE busy."tenantId" = waiting."tenantId" AND busy."leaseUntil" > ${utc}))
      FOR UPDATE OF delivery SKIP LOCKED
    ) AS found LIMIT $1)
  RETURNING id, lease, tries`
const taken = z.object({ id: z.string(), lease: z.number(), tries: z.number() })
type Taken = z.infer<typeof taken>

const outgoing = eventRow.extend({
  webhookId: z.string(),
  tenantId: z.string(),
  url: z.string(),
  secret: z.instanceof(Uint8Array),
  oldSecret: z.instanceof(Uint8Array).nullable(),
  oldSecretUntil: z.date().nullable(),
})
type Outgoing = z.infer<typeof outgoing>

/** What came of an attempt. */
interface Outcome {
  readonly answer: PostAnswer | undefined
  /** Undefined: it was taken. */
  readonly error: string | undefined
}

/** Sends events to webhooks, until they take them or it was tried often enough. */
export class WebhookSender implements AsyncDisposable {
  readonly #underWay = new Set<Promise<void>>()

  constructor(
    private readonly database: Database,
    private readonly posts: SignedPosts,
    private readonly sealing: Sealing,
    private readonly log: Logger,
  ) {}

  /** Sends what is due. Returns when nothing is left to begin; what was begun may go on. */
  async deliver(): Promise<void> {
    for (let round = 0; round < roundsAtMost; round++) {
      const free = atOnce - this.#underWay.size
      const { rows } = free > 0 ? await this.database.pool.query(take, [free]) : { rows: [] }
      if (rows.length === 0 && free > 0) return
      for (const row of rows) this.#begin(taken.parse(row))
      await Promise.race(this.#underWay)
    }
  }

  /** Resolves when nothing is under way here. */
  async [Symbol.asyncDispose](): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  #begin(held: Taken): void {
    const sending = this.#send(held)
      .catch((error: unknown) =>
        this.log.warn({ err: error, delivery: held.id }, 'what came of a delivery could not be written down'),
      )
      .finally(() => this.#underWay.delete(sending))
    this.#underWay.add(sending)
  }

  async #send(held: Taken): Promise<void> {
    const { rows } = await this.database.pool.query(
      `SELECT ${eventColumns}, webhook.id AS "webhookId", webhook."tenantId", url, secret, "oldSecret", "oldSecretUntil"
       FROM webhook_delivery AS delivery JOIN webhook ON webhook.id = delivery."webhookId"
       JOIN event ON event.position = delivery.position WHERE delivery.id = $1`,
      [held.id],
    )
    if (rows[0] === undefined) return // it was deleted meanwhile
    const row = outgoing.parse(rows[0])
    const outcome = await this.#post(row)
    await this.#finish(held, row, outcome)
  }

  async #post(row: Outgoing): Promise<Outcome> {
    const secrets = this.#secretsOf(row)
    if (secrets === undefined) {
      return { answer: undefined, error: 'the secret cannot be read any more: make a new one' }
    }
    const event = presentEvent(row)
    try {
      const message = { id: event.id, body: JSON.stringify(event), secrets }
      // A character takes four bytes at most.
      const answer = await this.posts.post(row.url, message, webhookBounds.answerCharacters * 4)
      return { answer, error: isTaken(answer) ? undefined : `it answered ${answer.status}` }
    } catch (error) {
      return { answer: undefined, error: wordsOf(error) }
    }
  }

  /** @returns undefined when the installation has another secret than when it was sealed */
  #secretsOf({ tenantId, webhookId, secret, oldSecret, oldSecretUntil }: Outgoing): string[] | undefined {
    const place = placeOf(tenantId, webhookId)
    const current = this.sealing.open(secret, place)
    if (current === undefined) return undefined
    const isOldGood = oldSecret !== null && oldSecretUntil !== null && oldSecretUntil > new Date()
    const old = isOldGood ? this.sealing.open(oldSecret, place) : undefined
    return old === undefined ? [current] : [current, old]
  }

  /** Nothing is written by whoever has lost the lease. */
  async #finish(held: Taken, { webhookId, tenantId }: Outgoing, { answer, error }: Outcome): Promise<void> {
    const isOver = error === undefined || held.tries >= webhookBounds.tries
    const state = error === undefined ? 'delivered' : isOver ? 'failed' : 'pending'
    const waitMs = (retryAfterMs[held.tries - 1] ?? 0) * (1 - spread + 2 * spread * Math.random())
    await inTransaction(this.database.pool, async (client) => {
      // The webhook comes before its deliveries, as for whoever disables it: so no two wait for each other.
      await client.query('SELECT FROM webhook WHERE id = $1 FOR NO KEY UPDATE', [webhookId])
      const { rowCount } = await client.query(
        `UPDATE webhook_delivery SET state = $3, "leaseUntil" = NULL, status = $4, error = $5, answer = $6,
           "dueAt" = CASE WHEN $7 THEN NULL ELSE ${utc} + $8::FLOAT8 * interval '1 ms' END
         WHERE id = $1 AND lease = $2`,
        [
          ...[held.id, held.lease, state, answer?.status ?? null, error ?? null],
          ...[answer === undefined ? null : shortened(answer.text), isOver, waitMs],
        ],
      )
      if (rowCount === 0) return
      const { rows } = await client.query<{ longFailing: boolean; since: Date | null }>(
        error === undefined
          ? `UPDATE webhook SET "failingSince" = NULL WHERE id = $1 AND "failingSince" IS NOT NULL
             RETURNING false AS "longFailing", NULL AS since`
          : `UPDATE webhook SET "failingSince" = coalesce("failingSince", ${utc}) WHERE id = $1
             RETURNING "failingSince" < ${utc} - interval '${failingHours} hours' AS "longFailing", "failingSince" AS since`,
        [webhookId],
      )
      const isGone = answer?.status === gone
      if (error === undefined || !(isGone || (isOver && rows[0]?.longFailing))) return
      const problem = isGone
        ? `it answered ${gone}, which asks for no more events`
        : `no delivery has succeeded since ${rows[0]?.since?.toISOString()}: ${error}`
      const disabled = await client.query<{ name: string }>(
        'UPDATE webhook SET enabled = false, problem = $2 WHERE id = $1 AND enabled RETURNING name',
        [webhookId, problem],
      )
      await client.query(failPending, [webhookId, problem])
      const [row] = disabled.rows
      if (row === undefined) return
      await client.query(
        `INSERT INTO audit_event ("tenantId", at, actor, action, target, detail)
         VALUES ($1, ${utc}, 'cloche', 'webhook.disable', $2, $3)`,
        [tenantId, webhookId, JSON.stringify({ name: row.name, problem })],
      )
    })
  }
}

/** PostgreSQL holds no NUL. */
const shortened = (text: string) => text.replaceAll('\0', '').slice(0, webhookBounds.answerCharacters)

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it could not be called'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'it did not answer within 10 s'
  return error.message.replaceAll('\0', '').slice(0, 300)
}
