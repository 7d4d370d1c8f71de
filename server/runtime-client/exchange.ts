import type { Duplex, Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { nodeProtocol, nodeProtocolHeader } from '../../protocol/node/index.js'
import { maxAnswerBytes } from './address.js'
import type { Answer, Head } from './answer.js'
import type { Deadlines } from './deadlines.js'
import { RuntimeUnreachable } from './refusal.js'

type Controller = Dispatcher.DispatchController

/** One call to a node. */
export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: string | Readable
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly deadlines: Deadlines
  /** The protocol that the connection is to speak from here on. */
  readonly upgrade?: string
}

/** What takes the body of an answer as it comes. */
export interface Sink {
  /** @returns whether it takes more now; otherwise it calls `controller.resume` when it does */
  push(chunk: Buffer): boolean
  end(): void
  fail(error: Error): void
}

/** How an answer is taken: `T` is what `exchange` gives. */
export interface Taker<T> {
  /** Given the head of an answer. Without a sink the body is collected for `whole`. */
  sink?(head: Head, controller: Controller): { readonly sink: Sink; readonly value: T } | undefined
  /** Given an answer that no sink took. @throws what it means */
  whole(answer: Answer): T
  upgraded?(line: Duplex): T
}

/**
 * Makes one call, once.
 * @throws RuntimeUnreachable which tells whether the node may have begun it
 */
export function exchange<T>(
  pool: Dispatcher,
  call: Call,
  taker: Taker<T>,
  aborted?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const { method, path, body = null, deadlines, upgrade = null } = call
    const more = Object.entries(call.headers ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [name, value],
    )
    let began = false
    let head: Head = { status: 0, headers: {} }
    let sink: Sink | undefined
    let collected: Buffer[] = []
    let bytes = 0
    let control: Controller | undefined
    const abort = () => control?.abort(new Error('the caller has gone'))
    const over = () => aborted?.removeEventListener('abort', abort)
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        began = true
        control = controller
        if (aborted?.aborted) abort()
      },
      onRequestUpgrade: (_, _status, _headers, line) => {
        over()
        if (taker.upgraded === undefined) line.destroy()
        else resolve(taker.upgraded(line))
      },
      onResponseStart: (controller, status, headers) => {
        if (status < 200) return
        head = { status, headers }
        const taken = taker.sink?.(head, controller)
        if (taken === undefined) return
        // From here on whoever has the sink's value decides.
        over()
        sink = taken.sink
        resolve(taken.value)
      },
      onResponseData: (controller, chunk) => {
        if (sink !== undefined) {
          if (!sink.push(chunk)) controller.pause()
          return
        }
        bytes += chunk.length
        if (bytes > maxAnswerBytes) controller.abort(new Error('its answer is too long'))
        else collected.push(chunk)
      },
      onResponseEnd: () => {
        over()
        if (sink !== undefined) return sink.end()
        const text = Buffer.concat(collected).toString()
        collected = []
        try {
          resolve(taker.whole({ ...head, text }))
        } catch (error) {
          reject(error)
        }
      },
      onResponseError: (_, error) => {
        over()
        if (sink !== undefined) sink.fail(error)
        else reject(new RuntimeUnreachable(error, began))
      },
    }
    aborted?.addEventListener('abort', abort)
    pool.dispatch(
      {
        ...{ method, path, body, upgrade },
        headers: [...(typeof body === 'string' ? jsonHeaders : bytesHeaders), ...more],
        headersTimeout: deadlines.headMs,
        bodyTimeout: deadlines.silenceMs,
      },
      handler,
    )
  })
}

const bytesHeaders = [nodeProtocolHeader, String(nodeProtocol)]
const jsonHeaders = [...bytesHeaders, 'content-type', 'application/json']
