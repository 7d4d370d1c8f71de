import { runtimeError } from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import type { Answer } from './answer.js'

/** A runtime that does not answer is retried by people, not by us; soon is this many seconds. */
const retryAfterSeconds = 5

/** What undici calls a connection that went away. */
const lostCodes = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])
const lateCodes = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** The runtime did not answer. */
export class RuntimeUnreachable extends ApiError {
  /** Whether the connection went away with the call on it: as when the runtime was started anew. */
  readonly lost: boolean

  /** @param heard whether it may have heard the call all the same */
  constructor(
    private readonly error: Error,
    readonly heard: boolean,
  ) {
    const code = 'code' in error ? String(error.code) : ''
    // The message of a system error names the socket, which is a file of the host.
    const why = lateCodes.has(code) ? 'no answer in time' : code || error.message
    super(
      'runtime_unavailable',
      `the runtime cannot be reached (${why}); sandboxes go on, and it usually comes back by itself`,
      retryAfterSeconds,
    )
    this.lost = heard && lostCodes.has(code)
  }

  /** The same of a call that an earlier attempt may have brought through. */
  afterAll(): RuntimeUnreachable {
    return new RuntimeUnreachable(this.error, true)
  }
}

/** What the runtime said when it did not do what it was asked for. */
export function refusalOf({ status, headers, text }: Answer): ApiError {
  const parsed = runtimeError.safeParse(safeJson(text))
  if (!parsed.success) return new ApiError('internal', `the runtime returned status ${status}`)
  const after = Number(headers['retry-after'])
  const { code, message, sizeBytes } = parsed.data
  return new ApiError(code, message, after > 0 ? after : undefined, undefined, sizeBytes)
}

function safeJson(words: string): unknown {
  try {
    return JSON.parse(words)
  } catch {
    return undefined // not the runtime's words
  }
}
