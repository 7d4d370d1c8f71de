import type { ErrorCode } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'

/** Something outside of the program has failed: another attempt may succeed. The message is shown to the tenant. */
export class AttemptLost extends Error {
  override readonly name = 'AttemptLost'
}

/** Refusals that are about the request, or about the node as it is now. All others come from a sandbox that failed. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  ...(['invalid_request', 'template_unavailable', 'quota_exceeded', 'disk_full'] as const),
  ...(['node_full', 'conflict'] as const),
])

/**
 * What ended a run in the middle, for whoever asked for it. The only place where the runtime tells the request's own
 * faults from those of a node: the code `internal` stands for the latter.
 */
export function failureOf(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof RuntimeRefusal && refusals.has(error.code)) {
    return { code: error.code, message: error.message }
  }
  if (error instanceof AttemptLost) return { code: 'internal', message: error.message }
  if (error instanceof RuntimeRefusal) {
    return { code: 'internal', message: 'the sandbox of the run ended before the run did' }
  }
  return { code: 'internal', message: 'the node failed while the run was under way' }
}
