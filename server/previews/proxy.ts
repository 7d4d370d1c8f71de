import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Duplex, PassThrough } from 'node:stream'
import type { Agent } from 'undici'
import type { ApiError } from '../errors.js'
import { originOf } from './agent.js'
import { Exchange, errorOf, isLost, type Outcome } from './exchange.js'
import { type Arrival, hasBody, headersForApp } from './headers.js'
import type { PortTarget } from './target.js'

/** What is passed on, and how. */
export interface Passage {
  readonly target: PortTarget
  readonly arrival: Arrival
  /** Headers for the visitor beside those of the app, as flat pairs. */
  readonly added: readonly string[]
  /** Given what ends it at once. */
  opened(end: () => void): () => void
  failed(response: ServerResponse, error: ApiError): void
}

/** May be asked again when a connection that was kept open turns out to be closed. */
const repeatable = new Set(['GET', 'HEAD', 'OPTIONS'])

const gone = new Error('the visitor has gone')

/** Passes HTTP between a visitor and a port of a sandbox. Bodies are passed on as they come, and never held. */
export class PreviewProxy {
  /** @param answerMs how long a program may be silent before its answer begins */
  constructor(
    private readonly agent: Agent,
    private readonly answerMs: number,
  ) {}

  pass(request: IncomingMessage, response: ServerResponse, passage: Passage): void {
    // undici destroys the stream that it sends; the visitor's own stays open for the answer.
    const body = hasBody(request) ? new PassThrough() : null
    const again = body === null && repeatable.has(request.method ?? '')
    let exchange: Exchange | undefined
    const ask = (retry: boolean) => {
      exchange = this.#ask(request, response, passage, body, {
        added: passage.added,
        over: () => {
          if (body === null) return
          // What is left of the body would block the connection for the next request.
          request.unpipe(body)
          request.resume()
        },
        failed: (error) => {
          if (retry && isLost(error)) ask(false)
          else this.#failed(response, passage, error)
        },
      })
    }
    const closed = passage.opened(() => {
      response.destroy()
      exchange?.abort(gone)
    })
    response.once('close', () => {
      closed()
      exchange?.abort(gone)
    })
    if (body !== null)
      request.pipe(body.on('error', () => {})) // the exchange tells of it
    else request.resume()
    ask(again)
  }

  /** The same for WebSockets and whatever else an app upgrades to. */
  upgrade(
    request: IncomingMessage,
    line: Duplex,
    head: Buffer,
    response: ServerResponse,
    passage: Passage,
  ): void {
    const closed = passage.opened(() => line.destroy())
    const exchange = this.#ask(request, response, passage, null, {
      added: passage.added,
      over: () => {},
      failed: (error) => this.#failed(response, passage, error),
      upgraded: (inside, headers) => {
        // It may have been told of an error before.
        if (response.socket === null || line.destroyed) return void inside.destroy()
        response.detachSocket(response.socket)
        line.write(headOf(headers), 'latin1')
        if (head.length > 0) line.unshift(head)
        join(line, inside)
      },
    })
    line.once('close', () => {
      closed()
      exchange.abort(gone)
    })
  }

  #ask(
    request: IncomingMessage,
    response: ServerResponse,
    { target, arrival }: Passage,
    body: PassThrough | null,
    outcome: Outcome,
  ): Exchange {
    const exchange = new Exchange(response, outcome)
    const { method = 'GET', url = '/', headers } = request
    this.agent.dispatch(
      {
        ...{ origin: originOf(target), method, path: url, headers: headersForApp(request, arrival), body },
        ...(outcome.upgraded === undefined ? {} : { upgrade: headers.upgrade ?? '' }),
      },
      exchange,
    )
    return exchange
  }

  #failed(response: ServerResponse, { failed, target }: Passage, error: Error): void {
    failed(response, errorOf(error, target.port, this.answerMs))
  }
}

function join(line: Duplex, inside: Duplex): void {
  inside.on('error', () => inside.destroy())
  inside.once('close', () => line.destroy())
  line.once('close', () => inside.destroy())
  line.pipe(inside)
  inside.pipe(line)
}

function headOf(headers: readonly string[]): string {
  let text = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`
  return `${text}\r\n`
}
