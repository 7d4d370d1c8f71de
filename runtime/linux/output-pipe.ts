import { closeSync, constants, openSync } from 'node:fs'
import { type ConnectOpts, Socket, type SocketConstructorOpts } from 'node:net'
import { drain, isAtEnd, waitingBytes } from './drain.js'
import { pipe } from './libc.js'

/** Every pipe is read into this, and what is in it is copied out at once. */
const buffer = Buffer.allocUnsafeSlow(64 * 1024)

/**
 * A pipe for the output of a process inside. Its writing end can be read as well, so that whoever holds it is a reader
 * too: a process that outlives the reader of its output is not ended by SIGPIPE at its next write, not even when this
 * process dies. When nobody reads and the pipe is full, it waits.
 * @see pipe(7), fifo(7)
 */
export function outputPipe(): { readEnd: number; writeEnd: number } {
  const { readEnd, writeEnd } = pipe()
  try {
    return { readEnd, writeEnd: openSync(`/proc/self/fd/${writeEnd}`, constants.O_RDWR) }
  } finally {
    closeSync(writeEnd)
  }
}

/** The reading end of an output pipe. */
export class OutputPipe {
  #take: (bytes: Buffer) => void = () => {}
  #socket: Socket | undefined
  #closed = false
  readonly #onClose: (() => void)[] = []

  /** @param fd is this object's from now on */
  constructor(private readonly fd: number) {}

  /** Begins to read. @param take is given each piece, which is its own */
  open(take: (bytes: Buffer) => void): void {
    this.#take = take
    const callback = (length: number): boolean => {
      this.#take(Buffer.from(buffer.subarray(0, length)))
      return true
    }
    const options: SocketConstructorOpts & ConnectOpts = {
      fd: this.fd,
      readable: true,
      writable: false,
      onread: { buffer, callback },
    }
    const socket = new Socket(options)
    this.#socket = socket
    socket.once('error', () => socket.destroy())
    socket.once('close', () => {
      this.#closed = true
      for (const act of this.#onClose) act()
    })
    socket.resume()
  }

  /** Calls `act` when nobody holds the other end any more, or `close` was called. */
  onClose(act: () => void): void {
    if (this.#closed) act()
    else this.#onClose.push(act)
  }

  pause(): void {
    this.#socket?.pause()
  }

  resume(): void {
    this.#socket?.resume()
  }

  /**
   * Takes everything that was written until now. For the moment when the process has ended: what it wrote is then in
   * the pipe, whoever else may still hold it.
   * @returns whether somebody does
   */
  finish(): boolean {
    if (this.#socket === undefined || this.#socket.destroyed) return false
    drain(this.fd, waitingBytes(this.fd), buffer, (bytes) => this.#take(Buffer.from(bytes)))
    this.#take = () => {}
    if (!isAtEnd(this.fd)) return true
    this.close()
    return false
  }

  /**
   * Goes on reading and drops what comes, so that whoever still writes is not held up.
   * @param pauseMs is waited after each piece: nobody pays for what is dropped here
   */
  discard(pauseMs: () => number): void {
    const socket = this.#socket
    if (socket === undefined) return
    this.#take = () => {
      socket.pause()
      setTimeout(() => socket.resume(), pauseMs()).unref()
    }
    socket.unref()
    socket.resume()
  }

  /** Stops reading. The descriptor is gone after this. */
  close(): void {
    if (this.#socket === undefined) closeSync(this.fd)
    else this.#socket.destroy()
  }
}
