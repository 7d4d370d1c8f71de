import { type RuntimeAnswer, runtimeError } from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'

/** A runtime that does not answer is retried by people, not by us; soon is this many seconds. */
const retryAfterSeconds = 5

/** The runtime did not answer. */
export class RuntimeUnreachable extends ApiError {
  /** Whether it may have heard the call all the same. */
  readonly heard: boolean

  constructor(error: Error) {
    // The message of a system error names the socket, which is a file of the host.
    const why = 'code' in error ? String(error.code) : error.message
    super(
      'runtime_unavailable',
      `the runtime cannot be reached (${why}); sandboxes go on, and it usually comes back by itself`,
      retryAfterSeconds,
    )
    this.heard = !('code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT'))
  }
}

/** What the runtime said when it did not do what it was asked for. */
export function refusal({ status, body, retryAfterSeconds: after }: RuntimeAnswer): ApiError {
  const parsed = runtimeError.safeParse(body)
  if (!parsed.success) return new ApiError('internal', `the runtime returned status ${status}`)
  return new ApiError(parsed.data.code, parsed.data.message, after)
}
