import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import {
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
  frameType,
  runtimeCall,
} from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import { answerTo, type FrameSink, maxBodyBytes, queryOf, type Request, type Route } from './server.js'

/**
 * Answers the calls that come on an upgraded line, one after the other. Each takes a millisecond less than over
 * HTTP: a claim is hardly longer than that. Whoever sends nonsense, or does not wait for its answer, is cut off.
 */
export function serveCalls(routes: readonly Route[], line: Duplex, head: Buffer, log: Logger): void {
  const decoder = new FrameDecoder(maxBodyBytes)
  let busy = false
  const take = (chunk: Buffer) => {
    for (const { type, payload } of decoder.push(chunk)) {
      if (busy || type !== frameType.call) throw new RangeError('a frame that nobody asked for')
      const call = runtimeCall.parse(JSON.parse(payload.toString()))
      busy = true
      void answerOn(line, routes, call, log, () => {
        busy = false
      })
    }
  }
  const hear = (chunk: Buffer) => {
    try {
      take(chunk)
    } catch (error) {
      log.warn({ error }, 'a line of calls is cut')
      line.destroy()
    }
  }
  line.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: cloche-calls\r\n\r\n')
  line.once('error', () => line.destroy()).once('end', () => line.destroy())
  line.on('data', hear)
  if (head.length > 0) hear(head)
}

/** @param over called before the last of the answer leaves: the next call may come right after it */
async function answerOn(
  line: Duplex,
  routes: readonly Route[],
  call: { method: string; url: string; body?: unknown },
  log: Logger,
  over: () => void,
): Promise<void> {
  const frames = new FrameWriter(line, over)
  const request: Request = {
    body: async (schema) => schema.parse(call.body),
    query: (schema) => schema.parse(queryOf(call.url)),
    frames: () => frames.begin(),
    bytes: () => {
      throw onlyOverHttp()
    },
    get response(): never {
      throw onlyOverHttp()
    },
  }
  const answer = await answerTo(routes, call, request, log)
  if (frames.begun) {
    if (!frames.ended) line.destroy()
    return
  }
  over()
  const { status, body, retryAfterSeconds } = answer
  line.write(encodeJsonFrame(frameType.answer, { status, body, retryAfterSeconds }))
}

/** An answer of frames on a line that stays open after it. */
class FrameWriter implements FrameSink {
  begun = false
  ended = false
  #gone = () => {}

  constructor(
    readonly out: Duplex,
    private readonly over: () => void,
  ) {}

  begin(): this {
    this.begun = true
    // A command may be silent for long: whoever waits for it learns that it runs.
    this.out.write(encodeFrame(frameType.started, Buffer.alloc(0)))
    return this
  }

  onGone(gone: () => void): void {
    this.#gone = gone
    if (this.out.destroyed) gone()
    this.out.once('close', gone)
  }

  end(last: Buffer): void {
    this.ended = true
    this.out.removeListener('close', this.#gone)
    this.over()
    this.out.write(last)
  }
}

const onlyOverHttp = () =>
  new RuntimeRefusal('invalid_request', 'what it carries is a stream of bytes: make this call over HTTP')
