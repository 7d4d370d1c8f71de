import { PassThrough, type Readable } from 'node:stream'
import { type ExecExit, type ExecRequest, type ExecResult, execExit } from '../../protocol/api/index.js'
import { type Frame, frameType } from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import type { FrameStream } from '../runtime-client/frame-stream.js'

/** What an answer in one piece holds of each stream; the rest is dropped, and the answer says so. */
const maxOutputBytes = 8 * 1024 * 1024

type Encoding = ExecRequest['encoding']
type Piece = { type: 'stdout' | 'stderr'; bytes: Buffer } | { type: 'exit'; exit: ExecExit }

export function pieceOf({ type, payload }: Frame): Piece {
  if (type === frameType.stdout) return { type: 'stdout', bytes: payload }
  if (type === frameType.stderr) return { type: 'stderr', bytes: payload }
  return { type: 'exit', exit: execExit.parse(JSON.parse(payload.toString())) }
}

/** Everything that a command wrote, and how it ended. As `utf8`, bytes that are not UTF-8 become U+FFFD. */
export function collect(stream: FrameStream, encoding: Encoding): Promise<ExecResult> {
  const stdout = new Output()
  const stderr = new Output()
  const output = { stdout, stderr }
  return new Promise((resolve, reject) => {
    // By events: an iterator takes its time for each piece.
    stream.on('data', (frame: Frame) => {
      const piece = pieceOf(frame)
      if (piece.type !== 'exit') return output[piece.type].add(piece.bytes)
      const truncated = stdout.truncated || stderr.truncated
      resolve({ ...piece.exit, stdout: stdout.text(encoding), stderr: stderr.text(encoding), truncated })
    })
    const words = 'the runtime ended while the command ran; how it went on is unknown'
    stream.on('error', () => {}) // and then it closes
    stream.once('close', () => reject(new ApiError('runtime_unavailable', words)))
  })
}

/**
 * The same as server-sent events, as it happens: `stdout` and `stderr` with `{text}` (in the encoding that was
 * asked for), then `exit` with `{exitCode, signal, timedOut, durationMs}`, or `error` when the runtime went away.
 */
export function asEvents(stream: FrameStream, encoding: Encoding): Readable {
  const events = new PassThrough()
  void write(stream, events, encoding)
  return events
}

async function write(stream: FrameStream, events: PassThrough, encoding: Encoding): Promise<void> {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() }
  const send = async (name: string, value: object) => {
    if (events.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`)) return
    await new Promise((resolve) => events.once('drain', resolve).once('close', resolve))
  }
  events.once('close', () => stream.destroy())
  try {
    for await (const frame of stream) {
      const piece = pieceOf(frame)
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
