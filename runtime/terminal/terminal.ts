import type { Duplex } from 'node:stream'
import { ReadStream } from 'node:tty'
import {
  type Terminal as Description,
  decodeAck,
  type ExitStatus,
  encodeFrame,
  encodeJsonFrame,
  FrameDecoder,
  flowHighWaterBytes,
  frameType,
  replayBytes,
  type TerminalSize,
  terminalSize,
} from '../../protocol/index.js'
import { type Reaper, signal } from '../linux/process.js'
import type { Pty } from './pty.js'
import { Replay } from './replay.js'
import { setWindowSize } from './syscalls.js'

/** A client that is over the mark and acknowledges nothing for so long is cut off; it can come back. */
const stallMs = 30_000
/** After the program's end, what it left in the terminal is read for this long. */
const drainMs = 50

interface Client {
  readonly line: Duplex
  sent: number
  acked: number
  stalled: NodeJS.Timeout | undefined
}

/** One pseudo-terminal with everybody who looks at it. */
export class Terminal {
  readonly #stream: ReadStream
  readonly #replay = new Replay(replayBytes)
  readonly #clients = new Set<Client>()
  readonly #createdAt = new Date().toISOString()
  #exit: ExitStatus | null = null
  /** Resolves when the program has ended and its last output is here. */
  readonly ended: Promise<void>

  constructor(
    readonly id: string,
    readonly sandboxId: string,
    private readonly title: string,
    private size: TerminalSize,
    private readonly pty: Pty,
    reaper: Reaper,
  ) {
    this.#stream = new ReadStream(pty.fd)
    this.#stream.on('data', (chunk) => this.#output(Buffer.from(chunk)))
    // EIO is how a terminal says that nobody is on its other end any more.
    this.#stream.on('error', () => this.#stream.destroy())
    setWindowSize(pty.fd, size.cols, size.rows)
    this.ended = reaper.wait(pty.pid).then((status) => this.#finish(status))
  }

  describe(): Description {
    const { id, sandboxId, title } = this
    return {
      id,
      sandboxId,
      title,
      ...this.size,
      seq: this.#replay.end,
      createdAt: this.#createdAt,
      exit: this.#exit,
    }
  }

  /** Sends what the client has missed since byte `since`, then what comes, and takes its keystrokes. */
  attach(line: Duplex, since: number): void {
    const seq = Math.max(this.#replay.start, since)
    const client: Client = { line, sent: seq, acked: seq, stalled: undefined }
    line.on('error', () => line.destroy())
    line.once('close', () => this.#detach(client))
    line.write(encodeJsonFrame(frameType.attached, { seq, ...this.size, screen: false, title: this.title }))
    const missed = this.#replay.since(since)
    if (missed.length > 0) this.#send(client, missed)
    if (this.#exit !== null) {
      line.end(encodeJsonFrame(frameType.exit, this.#exit))
      return
    }
    this.#clients.add(client)
    this.#regulate()
    const decoder = new FrameDecoder()
    line.on('data', (chunk: Buffer) => {
      try {
        for (const frame of decoder.push(chunk)) this.#input(client, frame.type, frame.payload)
      } catch {
        line.destroy() // not a frame: whoever it is, it is not the server
      }
    })
  }

  /** Ends the program: a hangup first, as when a window closes. */
  close(): void {
    if (this.#exit !== null) return
    signal(this.pty.pid, 'SIGHUP')
    setTimeout(() => {
      if (this.#exit === null) signal(this.pty.pid, 'SIGKILL')
    }, 500)
  }

  #input(client: Client, type: number, payload: Buffer): void {
    if (type === frameType.stdin) {
      if (this.#stream.destroyed || this.#stream.write(payload)) return
      // The program does not read: its typist waits.
      client.line.pause()
      this.#stream.once('drain', () => client.line.resume())
    } else if (type === frameType.resize) {
      this.size = terminalSize.parse(JSON.parse(payload.toString()))
      if (!this.#stream.destroyed) setWindowSize(this.pty.fd, this.size.cols, this.size.rows)
    } else if (type === frameType.ack) {
      client.acked = Math.min(client.sent, Math.max(client.acked, decodeAck(payload)))
      this.#regulate()
    } else {
      throw new RangeError(`a frame of type ${type}`)
    }
  }

  #output(chunk: Buffer): void {
    this.#replay.push(chunk)
    for (const client of this.#clients) this.#send(client, chunk)
    this.#regulate()
  }

  #send(client: Client, bytes: Buffer): void {
    client.sent += bytes.length
    client.line.write(encodeFrame(frameType.stdout, bytes))
  }

  /** Reads the terminal only while nobody who looks at it is too far behind. */
  #regulate(): void {
    let behind = false
    for (const client of this.#clients) {
      const stalled = client.sent - client.acked > flowHighWaterBytes
      behind ||= stalled
      if (stalled) client.stalled ??= setTimeout(() => client.line.destroy(), stallMs)
      else {
        clearTimeout(client.stalled)
        client.stalled = undefined
      }
    }
    if (behind) this.#stream.pause()
    else this.#stream.resume()
  }

  #detach(client: Client): void {
    clearTimeout(client.stalled)
    if (this.#clients.delete(client) && this.#exit === null) this.#regulate()
  }

  async #finish(status: ExitStatus): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, drainMs))
    this.#exit = status
    this.#stream.destroy()
    for (const client of this.#clients) client.line.end(encodeJsonFrame(frameType.exit, status))
  }
}
