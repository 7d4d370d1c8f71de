import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { Head } from './answer.js'
import { type Call, exchange, type Sink } from './exchange.js'
import { refusalOf } from './refusal.js'

/** The body of an answer. Destroying it ends the call. */
export type ByteStream = Readable & { readonly headers: IncomingHttpHeaders; readonly status: number }

/** A stream, a part of one, and what the caller has already. */
const answered = new Set([200, 206, 304])

/** A call whose answer is a stream. @throws ApiError what the runtime refuses with */
export function bytes(pool: Dispatcher, wanted: Call, aborted?: AbortSignal): Promise<ByteStream> {
  return exchange<ByteStream>(
    pool,
    wanted,
    {
      sink: (head, controller) => (answered.has(head.status) ? streamed(head, controller) : undefined),
      whole: (answer) => {
        throw refusalOf(answer)
      },
    },
    aborted,
  )
}

function streamed(
  { status, headers }: Head,
  controller: Dispatcher.DispatchController,
): { sink: Sink; value: ByteStream } {
  let whole = false
  const body = new Readable({
    read: () => controller.resume(),
    destroy: (error, done) => {
      if (!whole) controller.abort(error ?? new Error('the caller has gone'))
      done(error)
    },
  })
  const sink: Sink = {
    push: (chunk) => body.push(chunk),
    end: () => {
      whole = true
      body.push(null)
    },
    fail: (error) => void body.destroy(error),
  }
  return { sink, value: Object.assign(body, { headers, status }) }
}
