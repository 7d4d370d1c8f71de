import type { ErrorCode, Problem } from './types.js'

/** What an error carries beside its words. */
export interface ErrorDetails {
  /** Of HTTP; undefined when there was no answer. */
  readonly status?: number | undefined
  /** One entry for each part of the request that is wrong. */
  readonly errors?: readonly { readonly path: string; readonly message: string }[] | undefined
  /** Seconds after which asking again makes sense. */
  readonly retryAfterSeconds?: number | undefined
  /** Of a file as it is now. */
  readonly sizeBytes?: number | undefined
  readonly cause?: unknown
}

/**
 * Whatever goes wrong with Cloche is one of these. Its class and its `code` say what; the message is for a person.
 *
 * @example
 * try {
 *   await cloche.sandboxes.create()
 * } catch (error) {
 *   if (error instanceof QuotaExceeded) console.error('delete a sandbox first')
 *   else throw error
 * }
 */
export class ClocheError extends Error {
  override readonly name: string = 'ClocheError'
  readonly status: number | undefined
  readonly errors: NonNullable<ErrorDetails['errors']>
  readonly retryAfterSeconds: number | undefined
  /** Of the file as it is now, for `RangeNotSatisfiable` and `OffsetMismatch`. */
  readonly sizeBytes: number | undefined

  constructor(
    /** A server that is newer than this version may have others. */
    readonly code: ErrorCode | 'connection_failed' | 'unexpected_answer' | (string & Record<never, never>),
    message: string,
    details: ErrorDetails = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.status = details.status
    this.errors = details.errors ?? []
    this.retryAfterSeconds = details.retryAfterSeconds
    this.sizeBytes = details.sizeBytes
  }
}

/** No answer came: no network, nobody there, or the line broke while the answer was on its way. */
export class ConnectionFailed extends ClocheError {
  override readonly name = 'ConnectionFailed'
  constructor(message: string, cause?: unknown) {
    super('connection_failed', message, { cause })
  }
}

/** What answered is not Cloche: a proxy's error page, most likely, or a wrong URL. */
export class UnexpectedAnswer extends ClocheError {
  override readonly name = 'UnexpectedAnswer'
}

/** The request is not valid; `errors` says which parts. */
export class InvalidRequest extends ClocheError {
  override readonly name = 'InvalidRequest'
}
/** There is no key, or it is unknown, expired or deleted. */
export class Unauthenticated extends ClocheError {
  override readonly name = 'Unauthenticated'
}
export class Forbidden extends ClocheError {
  override readonly name = 'Forbidden'
}
/** There is no such sandbox, terminal or run, or it is another tenant's. */
export class NotFound extends ClocheError {
  override readonly name = 'NotFound'
}
/** The sandbox has no such file. */
export class FileNotFound extends ClocheError {
  override readonly name = 'FileNotFound'
}
/** Not possible in the state that things are in. */
export class Conflict extends ClocheError {
  override readonly name = 'Conflict'
}
/** The sandbox is paused or stopped. */
export class SandboxNotRunning extends ClocheError {
  override readonly name = 'SandboxNotRunning'
}
/** The file was changed, made or deleted by somebody else: read it again before you replace it. Nothing was written. */
export class PreconditionFailed extends ClocheError {
  override readonly name = 'PreconditionFailed'
}
/** The range begins behind the end of the file. */
export class RangeNotSatisfiable extends ClocheError {
  override readonly name = 'RangeNotSatisfiable'
}
/** The file does not end where the caller meant to go on; `sizeBytes` says where it does. */
export class OffsetMismatch extends ClocheError {
  override readonly name = 'OffsetMismatch'
}
/** More than the tenant's quota has left. */
export class QuotaExceeded extends ClocheError {
  override readonly name = 'QuotaExceeded'
}
/** Too much in one request. */
export class PayloadTooLarge extends ClocheError {
  override readonly name = 'PayloadTooLarge'
}
/** No such template here, or not with this isolation. */
export class TemplateUnavailable extends ClocheError {
  override readonly name = 'TemplateUnavailable'
}
/** Too many requests, or a queue that is full: `retryAfterSeconds` says when to ask again. */
export class RateLimited extends ClocheError {
  override readonly name = 'RateLimited'
}
/** The disk of the sandbox, or the machine itself, has no room. */
export class NoRoom extends ClocheError {
  override readonly name = 'NoRoom'
}
/** A part of the server is away for the moment. What was under way may have happened or not. */
export class Unavailable extends ClocheError {
  override readonly name = 'Unavailable'
}
/** Nothing listens on that port of the sandbox, or what listens there does not answer. */
export class PortUnreachable extends ClocheError {
  override readonly name = 'PortUnreachable'
}
/** A mistake of the server's, which is in its log. */
export class InternalError extends ClocheError {
  override readonly name = 'InternalError'
}

const classes: Readonly<Record<ErrorCode, typeof ClocheError>> = {
  invalid_request: InvalidRequest,
  unsupported_media_type: InvalidRequest,
  unauthenticated: Unauthenticated,
  forbidden: Forbidden,
  not_found: NotFound,
  file_not_found: FileNotFound,
  conflict: Conflict,
  precondition_failed: PreconditionFailed,
  range_not_satisfiable: RangeNotSatisfiable,
  offset_mismatch: OffsetMismatch,
  sandbox_not_running: SandboxNotRunning,
  quota_exceeded: QuotaExceeded,
  payload_too_large: PayloadTooLarge,
  template_unavailable: TemplateUnavailable,
  rate_limited: RateLimited,
  queue_full: RateLimited,
  node_full: NoRoom,
  disk_full: NoRoom,
  runtime_unavailable: Unavailable,
  database_unavailable: Unavailable,
  port_unreachable: PortUnreachable,
  port_timeout: PortUnreachable,
  internal: InternalError,
}

const isKnown = (code: string): code is ErrorCode => Object.hasOwn(classes, code)

/** The error of a code; one that this version does not know is a plain `ClocheError`. */
export function errorOf(code: string, message: string, details: ErrorDetails = {}): ClocheError {
  return new (isKnown(code) ? classes[code] : ClocheError)(code, message, details)
}

/** The error that an answer ends with which began as a success, for a status cannot be taken back. */
export function lateError(answer: unknown): ClocheError | undefined {
  if (!isProblem(answer)) return undefined
  const { code, detail, status, errors, sizeBytes } = answer
  return errorOf(code, detail, { status, errors, sizeBytes })
}

const isProblem = (answer: unknown): answer is Problem =>
  typeof answer === 'object' &&
  answer !== null &&
  'type' in answer &&
  String(answer.type).startsWith('urn:cloche:problem:')

/** The error in an answer that is not a success. */
export async function errorIn(response: Response): Promise<ClocheError> {
  const { status } = response
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN)
  const retryAfterSeconds = Number.isFinite(retryAfter) ? retryAfter : undefined
  if (response.headers.get('content-type')?.includes('application/problem+json')) {
    const problem: Problem = await response.json()
    return errorOf(problem.code, problem.detail, {
      ...{ status, errors: problem.errors, retryAfterSeconds, sizeBytes: problem.sizeBytes },
    })
  }
  const words = (await response.text()).slice(0, 200)
  return new UnexpectedAnswer('unexpected_answer', `${response.url} answered ${status}: ${words}`, { status })
}
