import type { Logger } from 'pino'
import { type EventType, eventType, type MissedEvents, type TenantEvent } from '../../protocol/api/index.js'
import { examsOver } from '../auth/exams.js'
import { assertMay, ownerIdOf, ownersFor } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { isAdmin, personIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import type { Notices } from '../database/notices.js'
import { ApiError } from '../errors.js'
import { TenantNews } from './news.js'
import type { EventQuery, EventStore } from './store.js'

/** A notice may be lost with its connection: then news are this old at most. */
const lookMs = 5000
const pageSize = 200
/** A client that asks again and again for what it cannot have is one event in this time, of each student one. */
const quietSeconds = 60
const maxDetail = 500

/** What somebody follows. */
export interface Following {
  /** Position of the last event that is known; undefined: what comes from now on. */
  readonly since?: number | undefined
  readonly types?: readonly EventType[] | undefined
  /** Whether to wait for more. */
  readonly follow: boolean
  /** Aborted when nobody reads any more. */
  readonly signal: AbortSignal
}

/** An event, what is said of those that are gone, or only how far everything was told. */
export type Told = TenantEvent | MissedEvents | { readonly type: 'position'; readonly position: number }

/** What happens in the tenant of a caller, as far as they see what it happens to. */
export class EventService {
  constructor(
    private readonly database: Database,
    private readonly store: EventStore,
    private readonly notices: Notices,
    private readonly log: Logger,
  ) {}

  /**
   * Events after `since`, in their order. What the caller may see is looked at for each page, and not only at the beginning.
   * @throws ApiError `forbidden`, also when an exam of the caller begins
   */
  async *follow(who: Principal, { since, types, follow, signal }: Following): AsyncGenerator<Told> {
    assertMay(who, 'event.read')
    using news = new TenantNews(this.notices, who.tenantId, signal)
    let last = since
    // The id of the last event that was sent: a client that connects again names it.
    let told: number | undefined
    for (;;) {
      news.look()
      const page = await this.store.read(queryOf(who, types), last ?? Number.MAX_SAFE_INTEGER, pageSize)
      if (last === undefined) last = page.head
      else {
        const missed = missing(last, page)
        if (missed !== undefined) yield missed
        for (const event of page.events) yield event
        told = page.events.at(-1)?.position ?? missed?.position ?? told
        last = page.position
      }
      // Whoever hears nothing for long must not come back with a position that is not kept any more.
      if (told !== last && !page.more) {
        told = last
        yield { type: 'position', position: last }
      }
      if (page.more) continue
      if (!follow) return
      await news.next(lookMs)
      if (signal.aborted) return
    }
  }

  /**
   * Notes that a call was refused because a quota is used up. In no transaction: what was refused was rolled back.
   * @param who undefined: nobody in particular
   */
  async noteRefusal(who: Principal | undefined, error: unknown): Promise<void> {
    if (who === undefined || !(error instanceof ApiError) || error.code !== 'quota_exceeded') return
    const values = [
      ...[who.tenantId, ownerIdOf(who)],
      JSON.stringify({ detail: error.message.slice(0, maxDetail) }),
    ]
    try {
      await this.database.relaxed.query({ name: 'note-quota', text: noteQuota, values })
    } catch (failure) {
      // The call is answered all the same.
      this.log.warn({ err: failure }, 'that a quota was reached could not be noted')
    }
  }
}

const noteQuota = `SELECT note_event($1, $2, NULL, NULL, '${eventType.enum['quota.reached']}', $3::JSONB)
  WHERE NOT EXISTS (SELECT FROM event WHERE "tenantId" = $1 AND "ownerId" = $2 AND type = 'quota.reached'
      AND at > now() AT TIME ZONE 'UTC' - interval '${quietSeconds} seconds')
    AND NOT EXISTS (SELECT FROM event_outbox WHERE "tenantId" = $1 AND "ownerId" = $2 AND type = 'quota.reached')`

/** What is told of somebody's tenant: what they see otherwise too, and of hand-ins those of their own classes. */
function queryOf(who: Principal, types: readonly EventType[] | undefined): EventQuery {
  assertMay(who, 'event.read')
  return {
    tenantId: who.tenantId,
    types: types ?? null,
    owners: ownersFor(who) ?? null,
    closed: examsOver(who).map(({ assignmentId }) => assignmentId),
    teacher: who.role === 'student' || isAdmin(who) ? null : (personIn(who) ?? ''),
  }
}

/** @param since 0 asks for all that are kept, and misses nothing */
function missing(
  since: number,
  { head, horizon }: { readonly head: number; readonly horizon: number },
): MissedEvents | undefined {
  if (since > head) return { type: 'missed', reason: 'unknown', since, position: head }
  if (since > 0 && since < horizon) return { type: 'missed', reason: 'expired', since, position: horizon }
  return undefined
}
