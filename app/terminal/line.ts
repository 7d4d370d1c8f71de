import { io, type Socket } from 'socket.io-client'
import { z } from 'zod'
import '../lib/jitless'
import type {
  ClientToServer,
  Present,
  ServerToClient,
  SharedFrame,
  SocketAck,
  SocketAttached,
  SocketEnter,
  SocketOpen,
} from '../lib/protocol'
import { retryDelayMs } from './backoff'
import { Store } from './store'

export type LineStatus =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'up' }
  /** `retryAtMs` on the clock of `Date.now`. */
  | { readonly kind: 'down'; readonly retryAtMs: number }
  /** The server will not have us: signed out, most likely. */
  | { readonly kind: 'refused'; readonly reason: string }

/** How the program in a terminal ended. */
export interface Exit {
  readonly exitCode: number | null
  readonly signal: string | null
}

/** One terminal's end of the line. */
export interface Subscriber {
  onOutput(seq: number, bytes: Uint8Array): void
  onScreen(attached: SocketAttached): void
  onResized(cols: number, rows: number): void
  onExit(exit: Exit): void
  onDetached(): void
}

/** What the server says to a handshake that it refuses: socket.io puts it into `data`. */
const handshakeRefusal = z.object({
  message: z.string(),
  data: z.object({ code: z.enum(['unauthenticated', 'forbidden']) }),
})

/** What is said of a workspace. */
export interface WorkspaceSubscriber {
  people(people: readonly Present[]): void
  /** Another window tells something. */
  told(from: string, frame: SharedFrame): void
}

/** An answer that takes longer than this is a line that is down without saying so. */
const answerTimeoutMs = 10_000

/**
 * The one socket of this page. It knows nothing of screens: it connects, says when it is up or down and when it tries
 * again, and hands each terminal its own.
 */
export class TerminalLine {
  readonly status = new Store<LineStatus>({ kind: 'connecting' })
  readonly #socket: Socket<ServerToClient, ClientToServer>
  readonly #subscribers = new Map<string, Subscriber>()
  readonly #together = new Map<string, WorkspaceSubscriber>()
  readonly #lessons = new Set<() => void>()
  #attempt = 0
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor() {
    // Its own reconnection does not tell when it will try again, and people want to know.
    this.#socket = io('/terminals', {
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnection: false,
      autoConnect: false,
    })
    this.#listen()
    window.addEventListener('online', this.retryNow)
    window.addEventListener('offline', this.#offline)
    this.#socket.connect()
  }

  #listen(): void {
    const to = (terminalId: string, act: (subscriber: Subscriber) => void) => {
      const subscriber = this.#subscribers.get(terminalId)
      if (subscriber) act(subscriber)
    }
    this.#socket
      .on('connect', () => {
        this.#attempt = 0
        this.status.set({ kind: 'up' })
      })
      .on('connect_error', (error) => this.#failed(error))
      .on('disconnect', () => this.#down())
      .on('output', (id, seq, bytes) => to(id, (terminal) => terminal.onOutput(seq, new Uint8Array(bytes))))
      .on('screen', (attached) => to(attached.terminalId, (terminal) => terminal.onScreen(attached)))
      .on('resized', (id, cols, rows) => to(id, (terminal) => terminal.onResized(cols, rows)))
      .on('exit', (id, status) => to(id, (terminal) => terminal.onExit(status)))
      .on('people', (sandboxId, people) => this.#together.get(sandboxId)?.people(people))
      .on('told', (sandboxId, from, frame, taken) => {
        taken()
        // What has come from the network is an `ArrayBuffer`.
        const bytes = new Uint8Array(frame.bytes)
        this.#together.get(sandboxId)?.told(from, { ...frame, bytes })
      })
      .on('lesson', () => {
        for (const changed of this.#lessons) changed()
      })
      .on('detached', (id) => to(id, (terminal) => terminal.onDetached()))
  }

  /** Whoever is not let in is not let in a second later either; everything else passes. */
  #failed(error: Error): void {
    const refusal = handshakeRefusal.safeParse(error)
    if (refusal.success) this.status.set({ kind: 'refused', reason: refusal.data.message })
    else this.#down()
  }

  readonly #offline = (): void => {
    if (this.#socket.connected) this.#socket.disconnect()
    else this.#down()
  }

  #down(): void {
    clearTimeout(this.#timer)
    const delayMs = retryDelayMs(this.#attempt++)
    this.status.set({ kind: 'down', retryAtMs: Date.now() + delayMs })
    this.#timer = setTimeout(this.retryNow, delayMs)
  }

  /** Tries again at once, also after a refusal. */
  readonly retryNow = (): void => {
    clearTimeout(this.#timer)
    if (this.#socket.connected) return
    this.#socket.connect()
    // A server that swallows the attempt must not leave the banner without its next one.
    this.#timer = setTimeout(() => {
      if (this.#socket.connected) return
      this.#socket.disconnect()
      this.#down()
    }, answerTimeoutMs)
  }

  /** Opens or reopens a terminal. Its output may come before the answer's promise is awaited; nothing is missed. */
  open(request: SocketOpen, subscriber: Subscriber): Promise<SocketAck<SocketAttached>> {
    return new Promise((resolve) => {
      this.#socket.timeout(answerTimeoutMs).emit('open', request, (failure: Error | null, answer) => {
        if (failure) {
          resolve({ ok: false, error: { code: 'no_answer', message: 'no answer' } })
          return
        }
        if (answer.ok) this.#subscribers.set(answer.terminalId, subscriber)
        resolve(answer)
      })
    })
  }

  /** Says which workspace this window is in, and what it shows of it. */
  enter(request: SocketEnter): Promise<SocketAck<{ id: string }>> {
    return new Promise((resolve) => {
      this.#socket.timeout(answerTimeoutMs).emit('enter', request, (failure: Error | null, answer) => {
        resolve(failure ? { ok: false, error: { code: 'no_answer', message: 'no answer' } } : answer)
      })
    })
  }

  leave(sandboxId: string): void {
    if (this.#socket.connected) this.#socket.emit('leave', sandboxId)
  }

  /** Tells other windows. What is not answered may have arrived all the same. */
  tell(sandboxId: string, frame: SharedFrame): Promise<SocketAck<{ reached: number }>> {
    return new Promise((resolve) => {
      this.#socket
        .timeout(answerTimeoutMs)
        .emit('tell', sandboxId, frame, (failure: Error | null, answer) => {
          resolve(failure ? { ok: false, error: { code: 'no_answer', message: 'no answer' } } : answer)
        })
    })
  }

  /** @returns stops it */
  onTogether(sandboxId: string, subscriber: WorkspaceSubscriber): () => void {
    this.#together.set(sandboxId, subscriber)
    return () => this.#together.delete(sandboxId)
  }

  /** @param changed called when something of a live lesson of this student has changed. @returns stops it */
  onLesson(changed: () => void): () => void {
    this.#lessons.add(changed)
    return () => void this.#lessons.delete(changed)
  }

  get connected(): boolean {
    return this.#socket.connected
  }

  input(terminalId: string, bytes: Uint8Array): void {
    this.#socket.emit('input', terminalId, bytes)
  }

  /** What is said only to a server that is there: said later, it would be wrong. */
  resize(terminalId: string, cols: number, rows: number, claim: boolean): void {
    if (this.#socket.connected) this.#socket.emit('resize', terminalId, cols, rows, claim)
  }

  acknowledge(terminalId: string, seq: number): void {
    if (this.#socket.connected) this.#socket.emit('ack', terminalId, seq)
  }

  /** Ends the program for everybody. */
  close(terminalId: string): void {
    this.#subscribers.delete(terminalId)
    if (this.#socket.connected) this.#socket.emit('close', terminalId)
  }

  detach(terminalId: string): void {
    this.#subscribers.delete(terminalId)
    if (this.#socket.connected) this.#socket.emit('detach', terminalId)
  }
}

let shared: TerminalLine | undefined

/** Connects at the first call, and stays: the next workspace finds it up. */
export function terminalLine(): TerminalLine {
  shared ??= new TerminalLine()
  return shared
}
