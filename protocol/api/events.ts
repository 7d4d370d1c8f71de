import { z } from 'zod'

export const eventId = z.string().regex(/^ev_[0-9abcdefghjkmnpqrstvwxyz]{20}$/, 'is not an event id')

/** What happens in a tenant and is told. */
export const eventType = z.enum([
  'sandbox.created',
  'sandbox.started',
  'sandbox.stopped',
  'sandbox.paused',
  'sandbox.resumed',
  'sandbox.failed',
  'sandbox.deleted',
  'sandbox.out_of_memory',
  'run.created',
  'run.finished',
  'build.finished',
  'submission.created',
  'quota.reached',
])
export type EventType = z.infer<typeof eventType>

/** How long events are kept, and how many of one tenant. */
export const eventBounds = { days: 7, ofTenant: 50_000 } as const

/** Something that happened in a tenant, as `GET /events` and webhooks tell it. */
export const tenantEvent = z.object({
  id: eventId.describe('the same at each attempt to deliver it'),
  position: z.int().describe('grows; what `since` takes'),
  type: eventType,
  timestamp: z.iso.datetime(),
  data: z
    .record(z.string(), z.unknown())
    .describe('`sandbox`, `run`, `build` or `submission` with its `id` and what is known of it'),
})
export type TenantEvent = z.infer<typeof tenantEvent>

/** Told instead of events that are gone. */
export const missedEvents = z.object({
  type: z.literal('missed'),
  reason: z
    .enum(['expired', 'unknown'])
    .describe(
      'expired: they are not kept any more. unknown: the database was restored from a backup that is older',
    ),
  since: z.int().describe('what was asked for'),
  position: z.int().describe('events up to this position are not told'),
})
export type MissedEvents = z.infer<typeof missedEvents>

const position = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER)

/** Query of `GET /events`. */
export const followEvents = z.object({
  since: position
    .optional()
    .describe(
      'the position of the last event that is known: what came after it. 0: all that are kept. Absent: what comes from now on',
    ),
  types: z
    .string()
    .max(1000)
    .refine((text) => z.array(eventType).safeParse(text.split(',')).success, {
      error: `must be types with commas between them: ${eventType.options.join(', ')}`,
    })
    .optional()
    .describe('only these, with commas between them; all if absent'),
  follow: z
    .enum(['true', 'false'])
    .default('true')
    .describe('whether to wait for more, until the caller hangs up'),
})
export type FollowEvents = z.infer<typeof followEvents>
/** As a client of server-sent events sends it when it connects again; anything else is as if it were not there. */
export const lastEventId = z.looseObject({ 'last-event-id': position.optional().catch(undefined) })
