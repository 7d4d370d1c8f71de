import type { ErrorCode } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { NotPlaced } from '../nodes/placer.js'
import { RuntimeUnreachable } from '../runtime-client/refusal.js'

/**
 * What becomes of a run whose attempt failed. `refused`: the request itself is at fault, so it ends. `waits`: nothing
 * was begun, and later it may be. `lost`: something else than the program failed; the attempt counts.
 */
export type Failure = 'refused' | 'waits' | 'waits with everybody' | 'lost'

/** Faults of the request: another attempt would meet them again. */
const ofRequest: ReadonlySet<ErrorCode> = new Set([
  ...(['invalid_request', 'template_unavailable', 'quota_exceeded', 'payload_too_large'] as const),
  ...(['not_found', 'forbidden'] as const),
])
/** Of the node, and therefore of every run. A run's files that fill its own disk are told as `invalid_request`. */
const ofNode: ReadonlySet<ErrorCode> = new Set([
  'node_full',
  'disk_full',
  'rate_limited',
  'database_unavailable',
])

/** The only place that decides whether a failed attempt is repeated. What nobody has foreseen is a lost attempt. */
export function classify(error: unknown): Failure {
  // Nodes come back, and are uncordoned.
  if (error instanceof NotPlaced) return ofRequest.has(error.code) ? 'refused' : 'waits with everybody'
  if (error instanceof RuntimeUnreachable) return error.heard ? 'lost' : 'waits with everybody'
  if (!(error instanceof ApiError)) return 'lost'
  if (ofRequest.has(error.code)) return 'refused'
  if (ofNode.has(error.code)) return 'waits with everybody'
  // The tenant is paused.
  return error.code === 'conflict' ? 'waits' : 'lost'
}

/** Why an attempt failed, for the tenant. */
export const reasonOf = (error: unknown): string =>
  error instanceof ApiError || error instanceof RunLost ? error.message : 'the server failed'

/** The runtime went away while a run was under way: how far it came is unknown. */
export class RunLost extends Error {
  override readonly name = 'RunLost'
}
