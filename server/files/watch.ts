import { PassThrough, type Readable } from 'node:stream'
import { type ErrorCode, type WatchEvent, watchEvent } from '../../protocol/api/index.js'
import type { ByteStream } from '../runtime-client/byte-stream.js'
import { linesOf } from '../runtime-client/lines.js'

/**
 * What the node tells of changes, as server-sent events: `ready`, `change` and `rescan`, and `end` or `error` last. A
 * reader that is slow makes the node say `rescan` instead of what it missed. Whoever has enough closes the stream.
 */
export function watchEvents(stream: ByteStream): Readable {
  const events = new PassThrough()
  events.once('close', () => stream.destroy())
  void tell(stream, events)
  return events
}

async function tell(stream: ByteStream, events: PassThrough): Promise<void> {
  let last: WatchEvent['type'] | undefined
  try {
    for await (const line of linesOf(stream)) {
      if (line === '') continue // the node is there, and has nothing to say
      const { type, ...rest } = watchEvent.parse(JSON.parse(line))
      await send(events, type, rest)
      last = type
    }
  } catch {
    // Not the node's words, which is told as the end of the stream is.
    stream.destroy()
  }
  if (last !== 'end') {
    const code: ErrorCode = 'runtime_unavailable'
    await send(events, 'error', { code, message: 'the connection to the node broke off; watch again' })
  }
  events.end()
}

async function send(events: PassThrough, name: string, value: object): Promise<void> {
  if (events.destroyed) return
  if (events.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`)) return
  await new Promise((resolve) => events.once('drain', resolve).once('close', resolve))
}
