import { request as ask, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { ApiError } from '../errors.js'
import type { PortAgent } from './agent.js'
import { type Arrival, headersForApp, headersOfApp } from './headers.js'
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

/** Passes HTTP between a visitor and a port of a sandbox. Bodies are passed on as they come, and never held. */
export class PreviewProxy {
  /** @param answerMs how long a program may be silent before its answer begins */
  constructor(
    private readonly agent: PortAgent,
    private readonly answerMs: number,
  ) {}

  pass(request: IncomingMessage, response: ServerResponse, passage: Passage, again = false): void {
    const outgoing = this.#ask(request, passage)
    const closed = passage.opened(() => {
      response.destroy()
      outgoing.destroy()
    })
    const gone = () => {
      if (!response.writableFinished) outgoing.destroy()
    }
    response.once('close', gone)
    let [answered, retried] = [false, false]
    outgoing.once('response', (answer) => {
      answered = true
      passBack(answer, response, passage)
    })
    outgoing.on('error', (error) => {
      answered = true
      const bodyless = request.headers['content-length'] === undefined && request.readableEnded
      const stale = outgoing.reusedSocket && bodyless && repeatable.has(request.method ?? '')
      if (stale && !again && !response.headersSent && !response.destroyed) {
        response.off('close', gone)
        closed()
        retried = true
        return this.pass(request, response, passage, true)
      }
      if (!response.destroyed) passage.failed(response, errorOf(error))
    })
    outgoing.once('close', () => {
      closed()
      // Of an upgrade that nobody asked for Node says nothing else.
      if (!answered && !retried && !response.destroyed) passage.failed(response, errorOf(new NotHttp()))
      // What is left of the body would block the connection for the next request.
      request.unpipe(outgoing)
      request.resume()
    })
    if (again) outgoing.end()
    else request.pipe(outgoing)
  }

  /** The same for WebSockets and whatever else an app upgrades to. */
  upgrade(
    request: IncomingMessage,
    line: Duplex,
    head: Buffer,
    response: ServerResponse,
    passage: Passage,
  ): void {
    const outgoing = this.#ask(request, passage, [
      'Connection',
      'Upgrade',
      'Upgrade',
      request.headers.upgrade ?? '',
    ])
    const closed = passage.opened(() => {
      line.destroy()
      outgoing.destroy()
    })
    line.once('close', () => {
      closed()
      outgoing.destroy()
    })
    outgoing.once('response', (answer) => passBack(answer, response, passage))
    outgoing.on('error', (error) => passage.failed(response, errorOf(error)))
    outgoing.once('upgrade', (answer, inside, first) => {
      // It may have been told of an error before.
      if (response.socket === null || line.destroyed) return void inside.destroy()
      response.detachSocket(response.socket)
      const headers = headersOfApp(answer, ['Connection', 'Upgrade', 'Upgrade', answer.headers.upgrade ?? ''])
      line.write(headOf(headers), 'latin1')
      inside.on('error', () => inside.destroy())
      inside.once('close', () => line.destroy())
      line.once('close', () => inside.destroy())
      if (first.length > 0) inside.unshift(first)
      if (head.length > 0) line.unshift(head)
      inside.setTimeout(0)
      line.pipe(inside)
      inside.pipe(line)
    })
    outgoing.end()
  }

  #ask(request: IncomingMessage, { target, arrival }: Passage, added: readonly string[] = []): ClientRequest {
    const outgoing = ask({
      ...{ agent: this.agent, host: target.sandboxId, port: target.port },
      ...{ method: request.method, path: request.url, setHost: false },
      headers: [...headersForApp(request, arrival), ...added],
    })
    outgoing.setTimeout(this.answerMs, () => {
      const words = `the program on port ${target.port} has not answered for ${this.answerMs / 1000} seconds`
      outgoing.destroy(new ApiError('port_timeout', words))
    })
    outgoing.once('response', () => outgoing.setTimeout(0))
    return outgoing
  }
}

function passBack(answer: IncomingMessage, response: ServerResponse, { added, failed }: Passage): void {
  try {
    response.writeHead(answer.statusCode ?? 0, headersOfApp(answer, added))
  } catch {
    // A status such as 099 is read by Node, and not written.
    answer.destroy()
    failed(response, errorOf(new NotHttp()))
    return
  }
  // Of a stream of events the head is wanted before the first event; of most answers a body follows at once.
  if (answer.headers['content-length'] === undefined) response.flushHeaders()
  answer.once('error', () => response.destroy())
  answer.pipe(response)
}

function headOf(headers: readonly string[]): string {
  let text = 'HTTP/1.1 101 Switching Protocols\r\n'
  for (let at = 0; at + 1 < headers.length; at += 2) text += `${headers[at]}: ${headers[at + 1]}\r\n`
  return `${text}\r\n`
}

class NotHttp extends Error {
  readonly code = 'HPE_INVALID_STATUS'
}

/** What went wrong between here and the program, for the visitor. */
function errorOf(error: Error): ApiError {
  if (error instanceof ApiError) return error
  const code = 'code' in error ? String(error.code) : ''
  const what = code.startsWith('HPE_')
    ? 'answers with something that is not HTTP'
    : 'closed the connection without an answer'
  return new ApiError('port_unreachable', `the program that listens there ${what}`)
}
