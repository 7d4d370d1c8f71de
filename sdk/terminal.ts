import type { SocketAttached } from '../protocol/api/index.js'
import { toBytes } from './bytes.js'
import { ClocheError, ConnectionFailed, Unavailable } from './errors.js'
import type { Http } from './http.js'
import { Queue } from './queue.js'
import { type LineListener, TerminalLine } from './terminal-line.js'
import type { ExitStatus } from './types.js'

/** What comes from a terminal. */
export type TerminalEvent =
  | { readonly type: 'output'; readonly bytes: Uint8Array }
  /** Begin anew: clear, take this size, and draw these bytes, which are the screen as everybody else sees it. */
  | { readonly type: 'screen'; readonly cols: number; readonly rows: number; readonly bytes: Uint8Array }
  /** Somebody, or this client, has resized it; what follows is drawn for this size. */
  | { readonly type: 'resized'; readonly cols: number; readonly rows: number }
  /** The line broke, or is there again. Nothing of the output is lost. */
  | { readonly type: 'line'; readonly up: boolean; readonly reason: string }
  /** The program has ended: the last event. */
  | ({ readonly type: 'exit' } & ExitStatus)

/** The server wants to hear how far a client is at least every 64 KiB (`ackEveryBytes` of the protocol). */
export const acknowledgeEveryBytes = 32 * 1024
/** One message carries at most this (`maxInputBytes` of the protocol). */
export const inputPieceBytes = 256 * 1024
/** Input that waits for the line to come back. */
const heldInputBytes = 1024 * 1024
const reopenMs = 500

/** An event, and for output the number of the byte after it. */
type Numbered = { readonly event: TerminalEvent; readonly end?: number }

/**
 * One's view of a terminal. What the program writes comes as events, in order and exactly once, also across broken
 * lines. The next event is asked for when the one before has been drawn: a program that writes faster than that
 * is held back, as on a slow line.
 */
export class Terminal {
  readonly #events = new Queue<Numbered>()
  readonly #http: Http
  readonly #sandboxId: string
  #line: TerminalLine | undefined
  #cols: number
  #rows: number
  /** Number of the next byte of output that is wanted. */
  #received: number | undefined
  #acknowledged = 0
  #attached = false
  #attaching = false
  #ended = false
  #held: Uint8Array[] = []
  #heldBytes = 0
  readonly #opened: Promise<void>
  #settle: { resolve(): void; reject(error: Error): void } = { resolve() {}, reject() {} }

  private constructor(
    http: Http,
    sandboxId: string,
    readonly id: string,
    size: { cols: number; rows: number; since?: number },
  ) {
    this.#http = http
    this.#sandboxId = sandboxId
    this.#cols = size.cols
    this.#rows = size.rows
    this.#received = size.since
    this.#opened = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  /** @internal Use `sandbox.terminals`. */
  static async attach(
    http: Http,
    sandboxId: string,
    id: string,
    size: { cols: number; rows: number; since?: number },
  ): Promise<Terminal> {
    const terminal = new Terminal(http, sandboxId, id, size)
    terminal.#line = await TerminalLine.connect(http, terminal.#listener())
    await terminal.#opened
    return terminal
  }

  /**
   * Types text, or bytes. While the line is down up to 1 MiB is kept for later.
   * @throws ConnectionFailed when it is down and that would be more; nothing of this input is kept then
   */
  write(input: string | Uint8Array): void {
    const bytes = toBytes(input)
    const line = this.#attached && this.#line?.up ? this.#line : undefined
    if (line === undefined) this.#hold(bytes)
    for (let at = 0; at < bytes.length; at += inputPieceBytes) {
      line?.input(this.id, bytes.subarray(at, at + inputPieceBytes))
    }
  }

  /** Tells the program a new size. */
  resize(cols: number, rows: number): void {
    this.#cols = cols
    this.#rows = rows
    if (this.#attached) this.#line?.resize(this.id, cols, rows)
  }

  /** Stops listening. The program goes on, and `sandbox.terminals.attach` finds it again. */
  detach(): void {
    this.#finish({})
  }

  /** Ends the program, for everybody. */
  async close(): Promise<void> {
    this.detach()
    await this.#http.done({ method: 'DELETE', path: `/sandboxes/${this.#sandboxId}/terminals/${this.id}` })
  }

  /** Detaches. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.detach()
  }

  /** @throws ClocheError when it cannot go on: the terminal, the sandbox or the right to see it is gone */
  async *[Symbol.asyncIterator](): AsyncGenerator<TerminalEvent, void, undefined> {
    try {
      for (;;) {
        const next = await this.#events.take()
        if (next === undefined) return
        yield next.event
        if (next.end !== undefined) this.#drew(next.end)
      }
    } finally {
      this.detach()
    }
  }

  #listener(): LineListener {
    return {
      onUp: () => void this.#attach(),
      onDown: (reason) => {
        const first = this.#attached
        this.#attached = false
        if (first) this.#events.push({ event: { type: 'line', up: false, reason } })
        else this.#settle.reject(new ConnectionFailed(`${this.#http.origin} cannot be reached: ${reason}`))
      },
      onOutput: (seq, bytes) => this.#output(seq, bytes),
      onScreen: (attached) => this.#screen(attached),
      onResized: (cols, rows) => this.#events.push({ event: { type: 'resized', cols, rows } }),
      onExit: (status) => {
        this.#events.push({ event: { type: 'exit', ...status } })
        this.#finish({})
      },
      onDetached: () => {
        this.#attached = false
        setTimeout(() => void this.#attach(), reopenMs)
      },
      onFailed: (error) => this.#fail(error),
    }
  }

  #output(seq: number, bytes: Uint8Array): void {
    const received = this.#received ?? seq
    const end = seq + bytes.length
    if (end <= received) return
    // A hole: asked again, the server answers with what is missing, or with a screen.
    if (seq > received) return void this.#attach()
    this.#received = end
    this.#events.push({ event: { type: 'output', bytes: bytes.subarray(received - seq) }, end })
  }

  #screen({ seq, cols, rows, screen }: SocketAttached): void {
    this.#received = seq
    this.#acknowledged = 0
    const bytes = new Uint8Array(screen ?? [])
    this.#events.push({ event: { type: 'screen', cols, rows, bytes }, end: seq })
  }

  #fail(error: Error): void {
    this.#settle.reject(error)
    this.#finish({ error })
  }

  /** Opens it, or goes on where the line broke. */
  async #attach(): Promise<void> {
    if (this.#attaching || this.#ended || !this.#line?.up) return
    this.#attaching = true
    this.#attached = false
    const [cols, rows, since] = [this.#cols, this.#rows, this.#received]
    const place = { sandboxId: this.#sandboxId, terminalId: this.id, cols, rows }
    try {
      const attached = await this.#line.open(since === undefined ? place : { ...place, since })
      if (attached.screen !== null || attached.seq !== since) this.#screen(attached)
      this.#goOn(cols, rows)
    } catch (error) {
      // What is away for a moment comes back; what is refused is over.
      if (!(error instanceof ConnectionFailed || error instanceof Unavailable)) {
        this.#fail(error instanceof Error ? error : new ClocheError('internal', String(error)))
      } else setTimeout(() => void this.#attach(), reopenMs)
    } finally {
      this.#attaching = false
    }
  }

  #goOn(cols: number, rows: number): void {
    this.#attached = true
    this.#settle.resolve()
    // The server has forgotten what was acknowledged over the line before.
    this.#acknowledged = 0
    this.#events.push({ event: { type: 'line', up: true, reason: '' } })
    if (cols !== this.#cols || rows !== this.#rows) this.resize(this.#cols, this.#rows)
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    for (const bytes of held) this.write(bytes)
  }

  #hold(bytes: Uint8Array): void {
    if (this.#heldBytes + bytes.length > heldInputBytes) {
      throw new ConnectionFailed('the line is down, and no more input is kept for later')
    }
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
  }

  #drew(end: number): void {
    const due = end - this.#acknowledged >= acknowledgeEveryBytes || this.#events.empty
    if (!due || end === this.#acknowledged) return
    this.#acknowledged = end
    this.#line?.acknowledge(this.id, end)
  }

  #finish(end: { error?: unknown }): void {
    this.#ended = true
    this.#events.end(end)
    this.#line?.hangUp()
  }
}
