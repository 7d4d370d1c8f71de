import { request } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import {
  encodeJsonFrame,
  type Frame,
  FrameDecoder,
  frameType,
  type RuntimeAnswer,
  type RuntimeCall,
  runtimeAnswer,
} from '../../protocol/node/index.js'
import { RuntimeUnreachable, refusal } from './refusal.js'

/** More are closed once they are idle. */
const maxIdle = 16
/** Longer than any call but a command takes, such as a stop with the longest grace; a runtime that hangs must not hang the server. */
const silenceMs = 120_000

/** A tree of ten thousand long paths is the longest answer. */
const maxAnswerBytes = 64 * 1024 * 1024

/** Frames of an answer, `exit` last. Destroying it before that ends what writes them. */
export type FrameStream = Readable & AsyncIterable<Frame>

/**
 * Lines of calls to the runtime. A call costs a millisecond less than over HTTP, which is a third of what a claim
 * takes. Each line carries one call at a time, so that nobody waits behind another.
 */
export class ConnectionPool implements Disposable {
  readonly #idle: Connection[] = []
  readonly #open = new Set<Connection>()

  constructor(private readonly socketPath: string) {}

  [Symbol.dispose](): void {
    for (const connection of this.#open) connection.destroy()
  }

  /** @throws RuntimeUnreachable */
  async call(call: RuntimeCall): Promise<RuntimeAnswer> {
    const connection = await this.#connection()
    try {
      const answer = await connection.answerTo(call)
      this.#release(connection)
      return answer
    } catch (error) {
      if (!(error instanceof NotDelivered)) throw error
      return this.call(call)
    }
  }

  /**
   * A call that is answered with frames.
   * @throws ApiError what the runtime refuses with before the first frame
   */
  async frames(call: RuntimeCall, aborted: AbortSignal): Promise<FrameStream> {
    const connection = await this.#connection()
    try {
      return await connection.framesOf(call, aborted, () => this.#release(connection))
    } catch (error) {
      if (!(error instanceof NotDelivered)) throw error
      return this.frames(call, aborted)
    }
  }

  async #connection(): Promise<Connection> {
    const idle = this.#idle.pop()
    if (idle !== undefined) return idle
    const socket = await upgrade(
      this.socketPath,
      '/calls',
      'cloche-calls',
      (status) => new RuntimeUnreachable(new Error(`it answered ${status}`)),
    )
    const connection: Connection = new Connection(socket, () => {
      this.#open.delete(connection)
      const at = this.#idle.indexOf(connection)
      if (at >= 0) this.#idle.splice(at, 1)
    })
    this.#open.add(connection)
    return connection
  }

  #release(connection: Connection): void {
    if (this.#idle.length < maxIdle && this.#open.has(connection)) this.#idle.push(connection)
    else connection.destroy()
  }
}

/** A runtime that was started anew had closed this line already: the call can be made again. */
class NotDelivered extends Error {}

class Connection {
  #take: (frame: Frame) => void = () => this.destroy() // a frame that nobody asked for
  #lost: (error: Error) => void = () => {}
  /** Whether it has carried a call before. */
  #used = false

  constructor(
    private readonly socket: Duplex,
    closed: () => void,
  ) {
    const decoder = new FrameDecoder(maxAnswerBytes)
    let failure: Error | undefined
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of decoder.push(chunk)) this.#take(frame)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : new Error(String(error)))
      }
    })
    socket.once('end', () => socket.destroy())
    socket.on('error', (error) => {
      failure = error
    })
    socket.once('close', () => {
      closed()
      this.#lost(failure ?? new Error('it went away'))
    })
  }

  destroy(): void {
    this.socket.destroy()
  }

  answerTo(call: RuntimeCall): Promise<RuntimeAnswer> {
    return new Promise((resolve, reject) => {
      const silence = setTimeout(
        () => this.socket.destroy(new Error(`no answer within ${silenceMs} ms`)),
        silenceMs,
      )
      const take = (frame: Frame) => {
        const answer = answerIn(frame)
        clearTimeout(silence)
        this.#rest()
        resolve(answer)
      }
      this.#ask(call, take, (error) => {
        clearTimeout(silence)
        reject(error)
      })
    })
  }

  /** @param over called when the last frame has come, or instead of it a refusal */
  framesOf(call: RuntimeCall, aborted: AbortSignal, over: () => void): Promise<FrameStream> {
    return new Promise((resolve, reject) => {
      let [whole, given] = [false, false]
      const stream: FrameStream = new Readable({
        objectMode: true,
        read: () => this.socket.resume(),
        destroy: (error, done) => {
          if (!whole) this.destroy()
          done(error)
        },
      })
      const hangUp = () => stream.destroy()
      aborted.addEventListener('abort', hangUp)
      const end = () => {
        whole = true
        aborted.removeEventListener('abort', hangUp)
        this.#rest()
        over()
      }
      const take = (frame: Frame) => {
        if (frame.type === frameType.answer) {
          const answer = answerIn(frame)
          end()
          return reject(refusal(answer))
        }
        if (frame.type === frameType.started) {
          given = true
          return resolve(stream)
        }
        if (!stream.push(frame)) this.socket.pause()
        if (frame.type === frameType.exit) {
          end()
          stream.push(null)
        }
        given = true
        resolve(stream)
      }
      this.#ask(call, take, (error) => {
        if (given) stream.destroy(error)
        else reject(error)
      })
      if (aborted.aborted) hangUp()
    })
  }

  #ask(call: RuntimeCall, take: (frame: Frame) => void, lost: (error: Error) => void): void {
    const used = this.#used
    this.#used = true
    let answered = false
    this.#take = (frame) => {
      answered = true
      take(frame)
    }
    this.#lost = (error) => {
      // Whatever is not done twice by being asked twice may be asked again; the rest only if it was surely not heard.
      const unheard =
        used && !answered && (call.method !== 'POST' || ('code' in error && error.code === 'EPIPE'))
      lost(unheard ? new NotDelivered() : new RuntimeUnreachable(error))
    }
    this.socket.write(encodeJsonFrame(frameType.call, call))
  }

  #rest(): void {
    this.#take = () => this.destroy()
    this.#lost = () => {}
    this.socket.resume()
  }
}

const answerIn = ({ payload }: Frame) => runtimeAnswer.parse(JSON.parse(payload.toString()))

/**
 * A connection to the runtime that is no HTTP from here on.
 * @param refused what a status that is not 101 means
 */
export function upgrade(
  socketPath: string,
  path: string,
  protocol: string,
  refused: (status: number) => Error,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { connection: 'Upgrade', upgrade: protocol }
    const outgoing = request({ socketPath, path, headers, agent: false })
    outgoing.once('error', (error) => reject(new RuntimeUnreachable(error)))
    outgoing.once('response', (answer) => {
      answer.resume()
      reject(refused(answer.statusCode ?? 500))
    })
    outgoing.once('upgrade', (_, connection, head) => {
      if (head.length > 0) connection.unshift(head)
      resolve(connection)
    })
    outgoing.end()
  })
}
