import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import { ApiError } from '../errors.js'
import { headersOfApp } from './headers.js'

type Controller = Dispatcher.DispatchController

/** Answers such as 103 before the answer proper: more are no help for anybody. */
const maxHints = 32

/** How an exchange with a program ends, and what may become of it. */
export interface Outcome {
  /** Headers for the visitor beside those of the app, as flat pairs. */
  readonly added: readonly string[]
  /** Nothing was heard of an answer. */
  failed(error: Error): void
  /** The connection speaks another protocol from here on. */
  upgraded?(line: Duplex, headers: readonly string[]): void
  /** Whatever came of it, at last. */
  over(): void
}

/** One request to a program: passes the answer to the visitor as it comes, and as fast as the visitor takes it. */
export class Exchange implements Dispatcher.DispatchHandler {
  #controller: Controller | undefined
  #given: Error | undefined
  #hints = 0
  #begun = false
  #written = false

  constructor(
    private readonly response: ServerResponse,
    private readonly outcome: Outcome,
  ) {}

  /** Ends it. */
  abort(reason: Error): void {
    this.#given ??= reason
    this.#controller?.abort(reason)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#given !== undefined) controller.abort(this.#given)
  }

  onRequestUpgrade(
    controller: Controller,
    _: number,
    { upgrade = '' }: IncomingHttpHeaders,
    line: Duplex,
  ): void {
    this.outcome.over()
    if (this.#given !== undefined || this.outcome.upgraded === undefined) return void line.destroy()
    this.outcome.upgraded(
      line,
      headersOfApp(rawHeadersOf(controller), ['Connection', 'Upgrade', 'Upgrade', String(upgrade)]),
    )
  }

  onResponseStart(controller: Controller, status: number): void {
    if (status < 200) {
      if (++this.#hints > maxHints) controller.abort(new NotHttp('too many answers before the answer'))
      return
    }
    const { response } = this
    try {
      response.writeHead(status, headersOfApp(rawHeadersOf(controller), this.outcome.added))
    } catch {
      // What can be read is not always what may be written.
      controller.abort(new NotHttp('its head cannot be passed on'))
      return
    }
    this.#begun = true
    // Of most answers a body comes in the same piece; of a stream of events the head is wanted before the first event.
    process.nextTick(() => {
      if (!this.#written && !response.destroyed) response.flushHeaders()
    })
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    const { response } = this
    if (response.destroyed) return
    this.#written = true
    if (response.write(chunk)) return
    controller.pause()
    response.once('drain', () => controller.resume())
  }

  onResponseEnd(): void {
    this.#written = true
    if (!this.response.destroyed) this.response.end()
    this.outcome.over()
  }

  onResponseError(_: Controller, error: Error): void {
    this.outcome.over()
    // Its answer has begun: that it breaks off is all that can still be said.
    if (this.#begun) this.response.destroy()
    else if (!this.response.destroyed) this.outcome.failed(this.#given ?? error)
  }
}

function rawHeadersOf({ rawHeaders }: Controller): string[] {
  if (!Array.isArray(rawHeaders)) return []
  return rawHeaders.map((one) => (typeof one === 'string' ? one : one.toString('latin1')))
}

/** What a program said is no answer. */
class NotHttp extends Error {
  readonly code = 'HPE_INVALID_STATUS'
}

/** What undici calls an answer that is none; its assertions are about such as well. */
const notHttp = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'ERR_ASSERTION'])
const lost = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'])

const codeOf = (error: Error) => ('code' in error ? String(error.code) : '')

/** The connection went away, as one does that was kept open for too long. */
export const isLost = (error: Error): boolean => lost.has(codeOf(error))

/** What went wrong between here and the program, for the visitor. */
export function errorOf(error: Error, port: number, answerMs: number): ApiError {
  if (error instanceof ApiError) return error
  const code = codeOf(error)
  if (code === 'UND_ERR_HEADERS_TIMEOUT') {
    const words = `the program on port ${port} has not answered for ${answerMs / 1000} seconds`
    return new ApiError('port_timeout', words)
  }
  if (code === 'UND_ERR_INVALID_ARG') {
    return new ApiError('invalid_request', `the request cannot be passed on: ${error.message}`)
  }
  const nonsense = code.startsWith('HPE_') || notHttp.has(code) || /^bad /.test(error.message)
  const what = nonsense
    ? 'answers with something that is not HTTP'
    : 'closed the connection without an answer'
  return new ApiError('port_unreachable', `the program that listens there ${what}`)
}
