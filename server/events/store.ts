import { z } from 'zod'
import { eventBounds, type TenantEvent, tenantEvent } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'

/** Of one transaction: others wait for its lock. */
const placedAtOnce = 500
/** Of one statement. */
const forgottenAtOnce = 5000

/** Which events somebody is told. */
export interface EventQuery {
  readonly tenantId: string
  readonly types: readonly string[] | null
  /** Whose; null: everybody's of the tenant. */
  readonly owners: readonly string[] | null
  /** Nothing of these assignments. */
  readonly closed: readonly string[]
  /** Hand-ins only of classes that this person teaches or assists in; null: of all. */
  readonly teacher: string | null
}

/** What is known at one moment. */
export interface EventPage {
  readonly events: readonly TenantEvent[]
  /** Up to which position nothing more is to be told. */
  readonly position: number
  /** Whether there may be more by now. */
  readonly more: boolean
  /** The last position that was given, of any tenant. */
  readonly head: number
  /** Events of the tenant up to here are not kept any more. */
  readonly horizon: number
}

/** A row with the columns of `eventColumns`. */
export const eventRow = z.object({
  position: z.coerce.number(),
  id: z.string(),
  type: z.string(),
  at: z.date(),
  data: z.record(z.string(), z.unknown()),
})
export const eventColumns = 'event.position, event.id, event.type, event.at, event.data'

export const presentEvent = ({ at, ...row }: z.infer<typeof eventRow>): TenantEvent =>
  tenantEvent.parse({ ...row, timestamp: at.toISOString() })

const bounds = z.object({ head: z.coerce.number(), horizon: z.coerce.number() })

/** The statements about events. */
export class EventStore {
  constructor(private readonly database: Database) {}

  /** Gives what was committed its positions, and makes deliveries of it. Any number of servers may do it at once. */
  async place(): Promise<void> {
    for (;;) {
      const { rows } = await this.database.pool.query<{ count: number }>({
        ...{ name: 'place-events', text: 'SELECT place_events($1) AS count', values: [placedAtOnce] },
      })
      if ((rows[0]?.count ?? 0) < placedAtOnce) return
    }
  }

  /** Events after a position, the first `limit` of them. */
  async read(of: EventQuery, after: number, limit: number): Promise<EventPage> {
    // One statement sees one moment: what it does not find up to `head` is not there and will not be.
    const { rows } = await this.database.pool.query({
      name: 'read-events',
      text: `SELECT clock.position AS head, coalesce(horizon.position, 0) AS horizon, found.*
        FROM event_clock AS clock LEFT JOIN event_horizon AS horizon ON horizon."tenantId" = $1
        LEFT JOIN LATERAL (
          SELECT ${eventColumns} FROM event
          WHERE "tenantId" = $1 AND position > $2 AND ($3::TEXT[] IS NULL OR type = ANY($3))
            AND ($4::TEXT[] IS NULL OR "ownerId" = ANY($4))
            AND ("assignmentId" IS NULL OR "assignmentId" <> ALL($5))
            AND ($6::TEXT IS NULL OR "classId" IS NULL OR EXISTS (
              SELECT FROM class_member AS staff
              WHERE staff."classId" = event."classId" AND staff."userId" = $6 AND staff.role <> 'student'))
          ORDER BY position LIMIT $7
        ) AS found ON true ORDER BY found.position`,
      values: [of.tenantId, after, of.types, of.owners, of.closed, of.teacher, limit],
    })
    const { head, horizon } = bounds.parse(rows[0])
    const events = rows.filter(({ id }) => id !== null).map((row) => presentEvent(eventRow.parse(row)))
    const more = events.length >= limit
    const last = events.at(-1)?.position
    return { events, more, head, horizon, position: more && last !== undefined ? last : head }
  }

  /** Forgets what is too old, and the oldest of a tenant that has too many, and remembers up to where. */
  async forget(): Promise<void> {
    for (const which of [tooOld, tooMany]) {
      for (;;) {
        const { rows } = await this.database.pool.query<{ count: number }>(
          `WITH gone AS (
             DELETE FROM event WHERE position IN (${which} ORDER BY position LIMIT ${forgottenAtOnce})
             RETURNING "tenantId", position
           ), known AS (
             INSERT INTO event_horizon AS horizon ("tenantId", position)
             SELECT "tenantId", max(position) FROM gone
             WHERE EXISTS (SELECT FROM tenant WHERE tenant.id = gone."tenantId") GROUP BY "tenantId"
             ON CONFLICT ("tenantId") DO UPDATE SET position = greatest(horizon.position, excluded.position)
           )
           SELECT count(*)::INTEGER AS count FROM gone`,
        )
        if ((rows[0]?.count ?? 0) < forgottenAtOnce) break
      }
    }
  }
}

const tooOld = `SELECT position FROM event WHERE position <= (
  SELECT max(position) FROM event WHERE at < now() AT TIME ZONE 'UTC' - interval '${eventBounds.days} days')`
const tooMany = `SELECT position FROM (
  SELECT position, row_number() OVER (PARTITION BY "tenantId" ORDER BY position DESC) AS nth FROM event) AS each
  WHERE nth > ${eventBounds.ofTenant}`
