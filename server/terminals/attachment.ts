import type { Duplex } from 'node:stream'
import type { Socket } from 'socket.io'
import {
  type ClientToServer,
  exitStatus,
  type ServerToClient,
  type SocketAttached,
  terminalSize,
} from '../../protocol/api/index.js'
import {
  attached as attachedSchema,
  encodeAck,
  encodeFrame,
  encodeJsonFrame,
  type Frame,
  FrameDecoder,
  frameType,
} from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import type { Held } from '../guests/guests.js'

/** Typed or pasted text that waits for a program that does not read; more than this is not typing. */
const maxWaitingInputBytes = 4 * 1024 * 1024

/**
 * A shell writes its prompt anew when its terminal has another size, such as when the page makes room for a warning: what
 * comes so soon after that is no work of a program.
 */
const redrawMs = 1000

/**
 * One client's line to one terminal: the runtime's frames become socket.io's events and the other way round.
 * Nothing is kept here: what is on its way is bounded by the client's acknowledgements, which the terminal
 * host waits for.
 */
export class Attachment implements Disposable {
  readonly #decoder = new FrameDecoder()
  /** What has come before `start`, so that no output overtakes the answer to `open`. */
  #early: Frame[] | undefined = []
  #header: SocketAttached | undefined
  #seq = 0
  #ended = false
  #resizedAt = Number.NEGATIVE_INFINITY
  private readonly line: Duplex
  /** Decides about each frame of the client. */
  private readonly held: Held
  /** Called for what is typed, and for output while somebody is attached. */
  private readonly used: () => void
  /** Called for what is typed. */
  private readonly typed: () => void
  /** Where the client goes on from. */
  readonly attached: Promise<SocketAttached>
  #resolve: (attached: SocketAttached) => void = () => {}

  constructor(
    readonly terminalId: string,
    readonly sandboxId: string,
    { line, held, used, typed }: { line: Duplex; held: Held; used: () => void; typed: () => void },
    private readonly socket: Pick<Socket<ClientToServer, ServerToClient>, 'emit'>,
    private readonly closed: () => void,
  ) {
    this.line = line
    this.held = held
    this.used = used
    this.typed = typed
    this.attached = new Promise((resolve, reject) => {
      this.#resolve = resolve
      line.once('close', () =>
        reject(new ApiError('runtime_unavailable', 'the connection to the process host was closed', 1)),
      )
    })
    this.attached.catch(() => {}) // whoever waits hears it
    line.on('error', () => line.destroy())
    line.once('close', () => this.#end('the line to the terminal broke'))
    line.on('data', (chunk: Buffer) => {
      try {
        for (const frame of this.#decoder.push(chunk)) this.#take(frame)
      } catch {
        line.destroy() // not the runtime's words
      }
    })
  }

  /** Passes on what came, and from now on what comes. */
  start(): void {
    const early = this.#early ?? []
    this.#early = undefined
    for (const frame of early) this.#pass(frame)
  }

  input(bytes: Uint8Array): void {
    if (this.line.destroyed || !this.held.may('terminal.open')) return
    this.used()
    this.typed()
    this.line.write(encodeFrame(frameType.stdin, bytes))
    if (this.line.writableLength > maxWaitingInputBytes) this.#end('the program reads no input any more')
  }

  resize(cols: number, rows: number, claim: boolean): void {
    if (this.line.destroyed || !this.held.may('terminal.open')) return
    this.line.write(encodeJsonFrame(frameType.resize, { cols, rows, claim }))
  }

  acknowledge(seq: number): void {
    if (!this.line.destroyed) this.line.write(encodeAck(seq))
  }

  [Symbol.dispose](): void {
    this.#ended = true
    this.line.destroy()
    this.closed()
  }

  #end(reason: string): void {
    if (this.#ended) return
    this[Symbol.dispose]()
    this.socket.emit('detached', this.terminalId, reason)
  }

  /** The first header, with its screen, is the answer to `open`; everything after it is news. */
  #take(frame: Frame): void {
    if (this.#header === undefined && frame.type === frameType.attached) {
      const { screen, ...header } = attachedSchema.parse(JSON.parse(frame.payload.toString()))
      this.#header = { terminalId: this.terminalId, ...header, screen: null }
      this.#seq = header.seq
      if (!screen) this.#resolve(this.#header)
      else
        this.#awaitScreen = (bytes) =>
          this.#resolve({ terminalId: this.terminalId, ...header, screen: bytes })
    } else if (this.#awaitScreen !== undefined && frame.type === frameType.screen) {
      this.#awaitScreen(frame.payload)
      this.#awaitScreen = undefined
    } else if (this.#early !== undefined) this.#early.push(frame)
    else this.#pass(frame)
  }
  #awaitScreen: ((bytes: Uint8Array) => void) | undefined

  #pass({ type, payload }: Frame): void {
    if (type === frameType.stdout) {
      if (performance.now() - this.#resizedAt > redrawMs) this.used()
      this.socket.emit('output', this.terminalId, this.#seq, payload)
      this.#seq += payload.length
    } else if (type === frameType.attached) {
      // The client was set aside and goes on from a screen, or from further on.
      const { screen, ...header } = attachedSchema.parse(JSON.parse(payload.toString()))
      this.#seq = header.seq
      if (screen) {
        this.#awaitScreen = (bytes) =>
          this.socket.emit('screen', { terminalId: this.terminalId, ...header, screen: bytes })
      }
    } else if (type === frameType.resize) {
      this.#resizedAt = performance.now()
      const { cols, rows } = terminalSize.parse(JSON.parse(payload.toString()))
      this.socket.emit('resized', this.terminalId, cols, rows)
    } else if (type === frameType.exit) {
      this.#ended = true
      this.socket.emit('exit', this.terminalId, exitStatus.parse(JSON.parse(payload.toString())))
      this[Symbol.dispose]()
    }
  }
}
