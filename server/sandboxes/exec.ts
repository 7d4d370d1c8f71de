import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import {
  type ExecExit,
  type ExecRequest,
  type ExecResult,
  execExit,
  FrameDecoder,
  frameType,
} from '../../protocol/index.js'
import { ApiError } from '../errors.js'

/** What an answer in one piece holds of each stream; the rest is dropped, and the answer says so. */
const maxOutputBytes = 8 * 1024 * 1024

type Encoding = ExecRequest['encoding']
type Piece = { type: 'stdout' | 'stderr'; bytes: Buffer } | { type: 'exit'; exit: ExecExit }

/** The runtime's stream of a command, piece by piece. */
async function* pieces(stream: IncomingMessage): AsyncGenerator<Piece> {
  const decoder = new FrameDecoder()
  for await (const chunk of stream) {
    for (const { type, payload } of decoder.push(chunk)) {
      if (type === frameType.stdout) yield { type: 'stdout', bytes: payload }
      else if (type === frameType.stderr) yield { type: 'stderr', bytes: payload }
      else yield { type: 'exit', exit: execExit.parse(JSON.parse(payload.toString())) }
    }
  }
}

/** Everything that a command wrote, and how it ended. As `utf8`, bytes that are not UTF-8 become U+FFFD. */
export async function collect(stream: IncomingMessage, encoding: Encoding): Promise<ExecResult> {
  const output = { stdout: new Output(), stderr: new Output() }
  for await (const piece of pieces(stream)) {
    if (piece.type !== 'exit') output[piece.type].add(piece.bytes)
    else {
      const { stdout, stderr } = output
      const truncated = stdout.truncated || stderr.truncated
      return { ...piece.exit, stdout: stdout.text(encoding), stderr: stderr.text(encoding), truncated }
    }
  }
  throw new ApiError(
    'runtime_unavailable',
    'the runtime ended while the command ran; how it went on is unknown',
  )
}

/**
 * The same as server-sent events, as it happens: `stdout` and `stderr` with `{text}` (in the encoding that was
 * asked for), then `exit` with `{exitCode, signal, timedOut, durationMs}`, or `error` when the runtime went away.
 */
export function asEvents(stream: IncomingMessage, encoding: Encoding): Readable {
  const events = new PassThrough()
  void write(stream, events, encoding)
  return events
}

async function write(stream: IncomingMessage, events: PassThrough, encoding: Encoding): Promise<void> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  const send = async (name: string, value: object) => {
    if (events.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`)) return
    await new Promise((resolve) => events.once('drain', resolve).once('close', resolve))
  }
  events.once('close', () => stream.destroy())
  try {
    for await (const piece of pieces(stream)) {
      if (piece.type === 'exit') await send('exit', piece.exit)
      else {
        const text =
          encoding === 'base64'
            ? piece.bytes.toString('base64')
            : decoders[piece.type].decode(piece.bytes, { stream: true })
        if (text !== '') await send(piece.type, { text })
      }
    }
  } catch {
    // The runtime went away, or the reader did: the latter hears nothing of this any more.
    await send('error', { code: 'runtime_unavailable' })
  }
  events.end()
}

class Output {
  readonly #chunks: Buffer[] = []
  #bytes = 0
  truncated = false

  add(chunk: Buffer): void {
    const room = maxOutputBytes - this.#bytes
    if (chunk.length > room) this.truncated = true
    if (room <= 0) return
    this.#chunks.push(chunk.subarray(0, room))
    this.#bytes += Math.min(room, chunk.length)
  }

  text(encoding: Encoding): string {
    return Buffer.concat(this.#chunks).toString(encoding)
  }
}
