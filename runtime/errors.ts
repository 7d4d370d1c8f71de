import type { ErrorCode } from '../protocol/api/index.js'

/** Everything that the runtime refuses. `http/` turns it into an answer; other errors are bugs and become 500. */
export class RuntimeRefusal extends Error {
  override readonly name = 'RuntimeRefusal'
  constructor(
    readonly code: ErrorCode,
    message: string,
    /** Seconds after which asking again makes sense. */
    readonly retryAfterSeconds?: number,
    private readonly options: ErrorOptions & {
      /** Of the file as it is, for `range_not_satisfiable` and `offset_mismatch`. */
      readonly sizeBytes?: number
    } = {},
  ) {
    super(message, options)
  }

  get sizeBytes(): number | undefined {
    return this.options.sizeBytes
  }
}

export const notFound = (what: 'sandbox' | 'snapshot' | 'volume' | 'terminal' | 'process', id: string) =>
  new RuntimeRefusal('not_found', `there is no ${what} ${id}`)
export const notRunning = (id: string, state: string) =>
  new RuntimeRefusal('sandbox_not_running', `sandbox ${id} is ${state}, not running`)
