import type { Duplex } from 'node:stream'
import { type ExitStatus, exitStatus, type LanguageServer, maxInputBytes } from '../../protocol/api/index.js'
import {
  encodeFrame,
  type Frame,
  FrameDecoder,
  frameType,
  processAttached,
} from '../../protocol/node/index.js'
import { type MessagePiece, MessageReader, NotAMessage } from './message-reader.js'

/** Kept of what it writes to its standard error, in bytes. */
const maxStderrBytes = 4096

/** How a language server ended. */
export type ServerEnd =
  | { readonly reason: 'exited' | 'killed' | 'outOfMemory'; readonly exit: ExitStatus }
  | { readonly reason: 'garbage'; readonly message: string }
  | { readonly reason: 'tooSlow' | 'unreachable' }

interface Place {
  /** Kills it, where it runs still, and forgets it. */
  forget(): void
  /** Whether the kernel killed anything in its sandbox since it was started. */
  wasOutOfMemory(): Promise<boolean>
}

/** A language server that runs inside a sandbox: messages in both ways, as fast as the slower side takes them. */
export class LanguageServerProcess {
  readonly #decoder = new FrameDecoder()
  readonly #reader = new MessageReader()
  #stderr = Buffer.alloc(0)
  #attached = false
  #exiting = false
  #over = false
  #message: ((piece: MessagePiece) => void) | undefined
  #ended: ((end: ServerEnd) => void) | undefined
  #closed: (() => void) | undefined

  constructor(
    readonly server: LanguageServer,
    private readonly input: Duplex,
    private readonly output: Duplex,
    private readonly place: Place,
  ) {
    // What it answers to input only says that this ended.
    input.on('error', () => input.destroy()).resume()
    output.on('error', () => output.destroy())
    output.once('close', () => this.#exiting || this.#end({ reason: 'unreachable' }))
  }

  /** The end of what it wrote to its standard error. */
  get stderr(): string {
    return this.#stderr.toString()
  }

  /** Whether half of a message has been passed on. */
  get withinMessage(): boolean {
    return this.#reader.within
  }

  /** Calls `closed` once, when all of it is over. */
  onClose(closed: () => void): void {
    this.#closed = closed
  }

  /** Passes on what it writes from its first byte on. To be called once. @param ended is called once, unless `close` is */
  start(message: (piece: MessagePiece) => void, ended: (end: ServerEnd) => void): void {
    this.#message = message
    this.#ended = ended
    this.output.on('data', (chunk: Buffer) => {
      try {
        for (const frame of this.#decoder.push(chunk)) this.#take(frame)
      } catch (error) {
        this.#end(
          error instanceof NotAMessage
            ? { reason: 'garbage', message: error.message }
            : { reason: 'unreachable' }, // not the runtime's words
        )
      }
    })
  }

  pause(): void {
    this.output.pause()
  }

  resume(): void {
    this.output.resume()
  }

  /** @returns whether there is room for more; otherwise `room` is called when there is */
  send(message: Buffer, room: () => void): boolean {
    const { input } = this
    if (!input.writable) return true
    const header = Buffer.from(`Content-Length: ${message.length}\r\n\r\n`)
    let free = input.write(encodeFrame(frameType.stdin, header))
    for (let at = 0; at < message.length; at += maxInputBytes) {
      free = input.write(encodeFrame(frameType.stdin, message.subarray(at, at + maxInputBytes)))
    }
    if (!free) input.once('drain', room)
    return free
  }

  /** Ends it. */
  close(): void {
    if (this.#over) return
    this.#over = true
    this.input.destroy()
    this.output.destroy()
    this.place.forget()
    this.#closed?.()
  }

  #take({ type, payload }: Frame): void {
    if (this.#over) return
    if (type === frameType.stdout || type === frameType.stderr) {
      if (type === frameType.stdout) for (const piece of this.#reader.push(payload)) this.#message?.(piece)
      else this.#stderr = Buffer.from(Buffer.concat([this.#stderr, payload]).subarray(-maxStderrBytes))
    } else if (type === frameType.attached) {
      const { seq } = processAttached.parse(JSON.parse(payload.toString()))
      // A second one stands where output was lost.
      if (this.#attached || seq !== 0) this.#end({ reason: 'tooSlow' })
      this.#attached = true
    } else if (type === frameType.exit) {
      const exit = exitStatus.parse(JSON.parse(payload.toString()))
      this.#exiting = true
      void this.#exited(exit)
    }
  }

  async #exited(exit: ExitStatus): Promise<void> {
    const failed = exit.exitCode !== 0
    const outOfMemory = failed && (await this.place.wasOutOfMemory().catch(() => false))
    const reason = outOfMemory ? 'outOfMemory' : exit.signal === null ? 'exited' : 'killed'
    this.#end({ reason, exit })
  }

  #end(end: ServerEnd): void {
    if (this.#over) return
    this.close()
    this.#ended?.(end)
  }
}
