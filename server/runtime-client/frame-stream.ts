import { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { type Frame, FrameDecoder, frameType } from '../../protocol/node/index.js'
import { type Call, exchange, type Sink } from './exchange.js'
import { refusalOf } from './refusal.js'

/** Frames of an answer, `exit` last. Destroying it before that ends what writes them. */
export type FrameStream = Readable & AsyncIterable<Frame>

/**
 * A call that is answered with frames.
 * @throws ApiError what the runtime refuses with before the first frame
 */
export function frames(pool: Dispatcher, wanted: Call, aborted: AbortSignal): Promise<FrameStream> {
  return exchange<FrameStream>(
    pool,
    wanted,
    {
      sink: ({ status }, controller) => (status === 200 ? decoded(controller, aborted) : undefined),
      whole: (answer) => {
        throw refusalOf(answer)
      },
    },
    aborted,
  )
}

function decoded(
  controller: Dispatcher.DispatchController,
  aborted: AbortSignal,
): { sink: Sink; value: FrameStream } {
  const decoder = new FrameDecoder()
  let whole = false
  const stream: FrameStream = new Readable({
    objectMode: true,
    read: () => controller.resume(),
    destroy: (error, done) => {
      aborted.removeEventListener('abort', hangUp)
      if (!whole) controller.abort(error ?? new Error('the caller has gone'))
      done(error)
    },
  })
  const hangUp = () => stream.destroy()
  aborted.addEventListener('abort', hangUp)
  const sink: Sink = {
    push: (chunk) => {
      let room = true
      for (const frame of decoder.push(chunk)) {
        room = stream.push(frame)
        if (frame.type !== frameType.exit) continue
        whole = true
        stream.push(null)
        return true
      }
      return room
    },
    end: () => {
      if (!whole) stream.destroy(new Error('the answer broke off'))
    },
    fail: (error) => {
      if (!whole) stream.destroy(error)
    },
  }
  return { sink, value: stream }
}
