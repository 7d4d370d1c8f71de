import type { TestClient } from '../../../testing/client.js'
import type { Caller, Rule } from '../rules.js'
import type { Victim, World } from '../world.js'

/** Where a new route needs a row. */
export const where = 'server/access-matrix/rows/'

/** One call, without its method and path: the OpenAPI document has these. */
export interface Call {
  /** Parameters of the path. */
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: object | string
  readonly headers?: Readonly<Record<string, string>>
  /** Who calls, when the caller of the table would be used up by it. */
  readonly as?: TestClient
}

/** What each caller must be answered. */
export interface Row {
  readonly rule: Rule
  /** What differs from the rule; `why` says the reason. */
  readonly but?: Partial<Rule>
  readonly why?: string
  /** The call with the victim's own ids, as whoever is not allowed to makes it. */
  readonly call?: (victim: Victim) => Call
  /** For those who may, where the call would use up what it names: the same call of something made for it. */
  readonly fresh?: (world: World, caller: Caller) => Promise<Call> | Call
  /** What it begins goes on afterwards, and only so many at once: a conflict is asked again, and the ends are awaited. */
  readonly waits?: boolean
  /** Awaited when all have called: what they have asked for is done later. */
  readonly done?: (world: World) => Promise<void>
  /** What of the victim students of the same tenant are told, for all of the tenant are. */
  readonly toStudents?: readonly string[]
  /** What it begins goes on afterwards: resolves when that has ended. */
  readonly settles?: (world: World) => Promise<void>
  /** One more call that must succeed, where none of the callers may make it with success. */
  readonly succeeds?: (world: World) => Promise<Call>
}

export const box = ({ sandboxId }: Victim): Call => ({ path: { id: sandboxId } })
export const withBody =
  (body: object) =>
  (victim: Victim): Call => ({ ...box(victim), body })
export const key = ({ idempotencyKey }: Victim) => ({ 'idempotency-key': idempotencyKey })
export const made = { secret: 'made-up-by-somebody-who-guesses' }
