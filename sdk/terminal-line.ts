import type { Socket } from 'socket.io-client'
import type { ClientToServer, ServerToClient, SocketAttached, SocketOpen } from '../protocol/api/index.js'
import { ConnectionFailed, errorOf } from './errors.js'
import type { Http } from './http.js'

/** What comes over the line. */
export interface LineListener {
  /** There is a line: the first, or again one after a break. */
  onUp(): void
  onDown(reason: string): void
  onOutput(seq: number, bytes: Uint8Array): void
  onScreen(attached: SocketAttached): void
  onResized(cols: number, rows: number): void
  onExit(status: { exitCode: number | null; signal: string | null }): void
  /** The line to the server is there, but behind it the terminal was let go; it can be opened again. */
  onDetached(): void
  /** It will not come again. */
  onFailed(error: Error): void
}

/** An answer that takes longer than this is a line that is down without saying so. */
const answerTimeoutMs = 10_000
const reconnectMs = 300
const reconnectMaxMs = 5000

/** One socket of the namespace `/terminals`. It connects again by itself, and knows nothing of what was missed. */
export class TerminalLine {
  readonly #socket: Socket<ServerToClient, ClientToServer>
  #hungUp = false

  private constructor(socket: Socket<ServerToClient, ClientToServer>) {
    this.#socket = socket
  }

  /** Loads socket.io only now: whoever opens no terminal does without. */
  static async connect(http: Http, listener: LineListener): Promise<TerminalLine> {
    const { io } = await import('socket.io-client')
    const { origin, pathname } = new URL(http.origin)
    const line = new TerminalLine(
      io(`${origin}/terminals`, {
        path: `${pathname.replace(/\/$/, '')}/socket.io`,
        // A proxy that knows no websockets makes it slower, not impossible.
        transports: ['websocket', 'polling'],
        tryAllTransports: true,
        forceNew: true,
        reconnectionDelay: reconnectMs,
        reconnectionDelayMax: reconnectMaxMs,
        ...(http.apiKey === undefined ? {} : withKey(http.apiKey)),
      }),
    )
    line.#listen(listener)
    return line
  }

  get up(): boolean {
    return this.#socket.connected
  }

  /** @throws ClocheError as the server refuses; ConnectionFailed when no answer comes */
  open(request: SocketOpen): Promise<SocketAttached> {
    return new Promise((resolve, reject) => {
      this.#socket.timeout(answerTimeoutMs).emit('open', request, (failure: Error | null, answer) => {
        if (failure !== null) reject(new ConnectionFailed('the server did not answer', failure))
        else if (answer.ok) resolve(answer)
        else reject(errorOf(answer.error.code, answer.error.message))
      })
    })
  }

  // What is said while the line is down would be said later, when it is not true any more: it is not kept.
  input(terminalId: string, bytes: Uint8Array): void {
    if (this.up) this.#socket.emit('input', terminalId, bytes)
  }

  resize(terminalId: string, cols: number, rows: number): void {
    if (this.up) this.#socket.emit('resize', terminalId, cols, rows)
  }

  acknowledge(terminalId: string, seq: number): void {
    if (this.up) this.#socket.emit('ack', terminalId, seq)
  }

  hangUp(): void {
    this.#hungUp = true
    this.#socket.disconnect()
  }

  #listen(listener: LineListener): void {
    this.#socket
      .on('connect', () => listener.onUp())
      .on('connect_error', (error) => {
        // Errors of the server's own making have `data`; all others are the line's, and it tries again.
        if ('data' in error && error.data !== undefined) {
          this.hangUp()
          listener.onFailed(errorOf(codeIn(error.data), error.message))
        } else listener.onDown(error.message)
      })
      .on('disconnect', (reason) => {
        if (this.#hungUp) return
        listener.onDown(reason)
        // A server that goes down says goodbye, and socket.io would take that for an answer.
        if (reason === 'io server disconnect') setTimeout(() => this.#again(), reconnectMs)
      })
      .on('output', (_, seq, bytes) => listener.onOutput(seq, new Uint8Array(bytes)))
      .on('screen', (attached) => listener.onScreen(attached))
      .on('resized', (_, cols, rows) => listener.onResized(cols, rows))
      .on('exit', (_, status) => listener.onExit(status))
      .on('detached', () => listener.onDetached())
  }

  #again(): void {
    if (!this.#hungUp) this.#socket.connect()
  }
}

/** A refusal's code; what has none is a mistake of the server's. */
function codeIn(refusal: unknown): string {
  const has = typeof refusal === 'object' && refusal !== null && 'code' in refusal
  return has && typeof refusal.code === 'string' ? refusal.code : 'internal'
}

/** A browser cannot send the header. With it the server knows who connects before it has taken the connection. */
const withKey = (key: string) => ({ auth: { token: key }, extraHeaders: { authorization: `Bearer ${key}` } })
