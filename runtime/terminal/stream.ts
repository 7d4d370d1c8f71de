import type { ConnectOpts, SocketConstructorOpts } from 'node:net'
import { ReadStream } from 'node:tty'
import { setNonblocking, writeNow } from '../linux/console.js'
import { drain } from '../linux/drain.js'

/**
 * Output is read in here, one terminal at a time, and copied out at once. The kernel hands out at most this much of a
 * terminal at a time, and libuv reads on, without another look at all descriptors, while a read fills its buffer.
 * @see N_TTY_BUF_SIZE in drivers/tty/n_tty.c
 */
const reading = Buffer.allocUnsafeSlow(4095)
/** More than the kernel keeps of a terminal's output. */
const mostDrained = 1024 ** 2
/** Input that the program has not read yet. Past it, its typists wait. */
export const inputHighWaterBytes = 512 * 1024
/** How long to wait until a program that does not read is offered its input again: doubled up to the longest. */
const firstRetryMs = 1
const longestRetryMs = 32

/**
 * The host's end of a pseudo-terminal, on the event loop's epoll: no thread for each. Node writes to such a descriptor
 * with blocking calls (libuv cannot open the master of a terminal a second time), so that one program that does
 * not read what was pasted would stop every terminal; hence writing is done here.
 */
export class PtyStream {
  readonly #reader: ReadStream
  readonly #waiting: Buffer[] = []
  #waitingBytes = 0
  #retry: NodeJS.Timeout | undefined
  #retryMs = firstRetryMs
  readonly #room: (() => void)[] = []
  /** Resolves when nobody is on the other end any more, or this one was closed. */
  readonly closed: Promise<void>

  /** @param output is given bytes that are valid only during the call */
  constructor(
    private readonly fd: number,
    private readonly output: (bytes: Buffer) => void,
  ) {
    const callback = (length: number): boolean => {
      output(reading.subarray(0, length))
      return true
    }
    const options: SocketConstructorOpts & ConnectOpts = { onread: { buffer: reading, callback } }
    this.#reader = new ReadStream(fd, options)
    setNonblocking(fd)
    this.closed = new Promise((resolve) => this.#reader.once('close', () => resolve()))
    // EIO is how a terminal says that nobody is on its other end any more.
    this.#reader.on('error', () => this.#reader.destroy())
  }

  pause(): void {
    this.#reader.pause()
  }

  resume(): void {
    this.#reader.resume()
  }

  get isClosed(): boolean {
    return this.#reader.destroyed
  }

  /** Types `bytes`. What the program does not take now waits. @returns whether there is room for more */
  write(bytes: Buffer): boolean {
    if (this.#reader.destroyed) return true
    const taken = this.#waiting.length === 0 ? writeNow(this.fd, bytes) : 0
    if (taken < bytes.length) {
      this.#waiting.push(bytes.subarray(taken))
      this.#waitingBytes += bytes.length - taken
      this.#retry ??= setTimeout(() => this.#offer(), this.#retryMs)
    }
    return this.#waitingBytes < inputHighWaterBytes
  }

  /** Calls `done` when there is room for more input. */
  onRoom(done: () => void): void {
    this.#room.push(done)
  }

  /** Hands out what the program has written until now: all of it, when it has ended. */
  drain(): void {
    if (!this.#reader.destroyed) drain(this.fd, mostDrained, reading, this.output)
  }

  /** The descriptor is gone after this. */
  close(): void {
    clearTimeout(this.#retry)
    this.#reader.destroy()
    for (const done of this.#room.splice(0)) done()
  }

  #offer(): void {
    this.#retry = undefined
    if (this.#reader.destroyed) return
    let progress = false
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      const taken = writeNow(this.fd, first)
      progress ||= taken > 0
      this.#waitingBytes -= taken
      if (taken < first.length) {
        this.#waiting[0] = first.subarray(taken)
        break
      }
      this.#waiting.shift()
    }
    this.#retryMs = progress ? firstRetryMs : Math.min(this.#retryMs * 2, longestRetryMs)
    if (this.#waiting.length > 0) this.#retry = setTimeout(() => this.#offer(), this.#retryMs)
    if (this.#waitingBytes >= inputHighWaterBytes) return
    for (const done of this.#room.splice(0)) done()
  }
}
