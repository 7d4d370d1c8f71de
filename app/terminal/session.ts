import type { SocketAttached } from '../lib/protocol'
import { retryDelayMs } from './backoff'
import { copiedText } from './clipboard'
import { Flow } from './flow'
import { HeldInput, pieces } from './input'
import { type Held, withHeld } from './keys'
import type { Exit, Subscriber, TerminalLine } from './line'
import type { Screen } from './screen'
import { Store } from './store'

export type SessionStatus =
  | { readonly kind: 'opening' }
  | { readonly kind: 'attached' }
  /** It waits for the line. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'ended'; readonly exit: Exit }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }

export interface Size {
  readonly cols: number
  readonly rows: number
}

/** Refusals that pass by themselves: something behind the server is being started again. */
const passing: ReadonlySet<string> = new Set(['no_answer', 'runtime_unavailable', 'database_unavailable'])
/** Output that came to rest is acknowledged after this, so that the server never waits for the last bytes. */
const restMs = 50
const scaleMs = 300

/** One terminal on this page: keeps its screen in step with the program in the sandbox, over any number of reconnects. */
export class TerminalSession implements Subscriber {
  readonly status = new Store<SessionStatus>({ kind: 'opening' })
  readonly title = new Store('')
  /** Counts its bells. */
  readonly bells = new Store(0)
  /** What a program last put on the clipboard, until somebody has decided about it. */
  readonly copied = new Store<{ readonly text: string } | null>(null)
  /** What the phone's toolbar holds down for the next key. */
  readonly held = new Store<Held>({ ctrl: false, alt: false })
  readonly screen: Screen
  readonly #line: TerminalLine
  readonly #sandboxId: string
  readonly #flow = new Flow()
  readonly #unsent = new HeldInput()
  readonly #roomOfOthers: () => Size | null
  readonly #encoder = new TextEncoder()
  readonly #undo: (() => void)[] = []
  #terminalId: string | undefined
  /** Something of it has been drawn: a reconnect goes on from there. */
  #drawnOnce = false
  #attaching = false
  /** What is drawn happened before: it rings and copies no more. */
  #redrawing = false
  readonly #user: 'user' | 'root'
  #attempt = 0
  #restTimer: ReturnType<typeof setTimeout> | undefined
  #retryTimer: ReturnType<typeof setTimeout> | undefined
  #scaleTimer: ReturnType<typeof setTimeout> | undefined
  #disposed = false

  /**
   * @param roomOfOthers the size that fits where terminals are shown, for one that is not shown yet
   * @param user whom a new one's shell runs as
   * @param terminalId an existing terminal; without it, a new one is made when it is first attached
   * @param looking the server would drop what is typed here, and sizes
   */
  constructor(
    line: TerminalLine,
    sandboxId: string,
    screen: Screen,
    roomOfOthers: () => Size | null,
    terminalId?: string,
    user: 'user' | 'root' = 'user',
    private readonly looking = false,
  ) {
    this.#line = line
    this.#sandboxId = sandboxId
    this.screen = screen
    this.#roomOfOthers = roomOfOthers
    this.#terminalId = terminalId
    this.#user = user
    const { xterm } = screen
    xterm.options.disableStdin = looking
    const listening = [
      xterm.onData((text) => this.type(text)),
      xterm.onBinary((text) => this.send(Uint8Array.from(text, (char) => char.charCodeAt(0)))),
      xterm.onTitleChange((title) => this.title.set(title)),
      xterm.onBell(() => !this.#redrawing && this.bells.set(this.bells.get() + 1)),
      xterm.parser.registerOscHandler(52, (payload) => {
        const text = copiedText(payload)
        if (text !== null && !this.#redrawing) this.copied.set({ text })
        return true
      }),
    ]
    this.#undo.push(
      line.status.subscribe(() => this.#lineChanged()),
      ...listening.map((subscription) => () => subscription.dispose()),
    )
  }

  get terminalId(): string | undefined {
    return this.#terminalId
  }

  #lineChanged(): void {
    if (this.#line.status.get().kind === 'up') void this.attach()
    else if (this.status.get().kind === 'attached') this.status.set({ kind: 'waiting' })
  }

  /** Opens it, or goes on where the line broke. Nothing to do when it is attached, has ended, or the line is down. */
  async attach(): Promise<void> {
    const { kind } = this.status.get()
    if (this.#attaching || this.#disposed || kind === 'attached' || kind === 'ended' || !this.#line.connected)
      return
    this.#attaching = true
    const size = this.screen.room() ?? this.#roomOfOthers() ?? this.#size()
    const request = {
      sandboxId: this.#sandboxId,
      ...size,
      ...(this.#terminalId ? { terminalId: this.#terminalId } : { user: this.#user }),
      ...(this.#drawnOnce ? { since: this.#flow.received } : {}),
    }
    const answer = await this.#line.open(request, this)
    this.#attaching = false
    if (this.#disposed) {
      if (answer.ok) this.#line.detach(answer.terminalId)
    } else if (answer.ok) this.#attached(answer)
    else this.#refused(answer.error)
  }

  #attached(answer: SocketAttached): void {
    this.#terminalId = answer.terminalId
    this.#attempt = 0
    if (answer.screen || !this.#drawnOnce || answer.seq !== this.#flow.received) this.onScreen(answer)
    else {
      this.#flow.reattached()
      this.onResized(answer.cols, answer.rows)
    }
    this.status.set({ kind: 'attached' })
    for (const bytes of this.#unsent.release()) this.send(bytes)
  }

  #refused({ code, message }: { readonly code: string; readonly message: string }): void {
    if (passing.has(code)) this.#attachSoon()
    else this.status.set({ kind: 'refused', code, message })
  }

  #attachSoon(): void {
    this.status.set({ kind: 'waiting' })
    clearTimeout(this.#retryTimer)
    this.#retryTimer = setTimeout(() => void this.attach(), retryDelayMs(this.#attempt++))
  }

  onOutput(seq: number, bytes: Uint8Array): void {
    const piece = this.#flow.take(seq, bytes)
    const { epoch } = this.#flow
    // At a gap the server owes bytes that it did not send. Asked again, it answers with them or with a screen.
    if (piece.kind === 'gap') this.#attachSoon()
    if (piece.kind === 'new') this.screen.write(piece.bytes, () => this.#drew(piece.end, epoch))
  }

  #drew(end: number, epoch: number): void {
    if (this.#flow.drew(end, epoch)) this.#acknowledge()
    else this.#restTimer ??= setTimeout(() => this.#acknowledge(), restMs)
  }

  #acknowledge(): void {
    clearTimeout(this.#restTimer)
    this.#restTimer = undefined
    if (!this.#terminalId || !this.#line.connected) return
    const seq = this.#flow.acknowledge()
    if (seq !== null) this.#line.acknowledge(this.#terminalId, seq)
  }

  /** Begins anew with what everybody else sees. A reset that is written comes after what is still being drawn. */
  onScreen({ seq, cols, rows, title, screen }: SocketAttached): void {
    this.#flow.restart(seq)
    this.#drawnOnce = true
    const { xterm } = this.screen
    xterm.write('\x1bc', () => {
      this.#redrawing = true
      xterm.resize(cols, rows)
      this.screen.scale()
    })
    xterm.write(new Uint8Array(screen ?? []), () => {
      this.#redrawing = false
    })
    this.title.set(title)
  }

  /** The process host alone says what size a terminal has, at the place in the output from where it is so. */
  onResized(cols: number, rows: number): void {
    this.screen.xterm.write('', () => {
      this.screen.xterm.resize(cols, rows)
      this.screen.scale()
    })
  }

  onExit(exit: Exit): void {
    this.status.set({ kind: 'ended', exit })
  }

  onDetached(): void {
    if (this.status.get().kind === 'attached') this.#attachSoon()
  }

  /**
   * Tells what fits in its place on the page.
   * @param claim the terminal is to have that size, for everybody: somebody clicks here, or has just opened it
   */
  fit(claim: boolean): void {
    const room = this.screen.room()
    clearTimeout(this.#scaleTimer)
    // The size that is told comes back in a moment, and then nothing has to be scaled.
    this.#scaleTimer = setTimeout(() => this.screen.scale(), this.looking ? 0 : scaleMs)
    if (!room || this.looking) return
    if (this.status.get().kind !== 'attached') this.screen.xterm.resize(room.cols, room.rows)
    else if (this.#terminalId) this.#line.resize(this.#terminalId, room.cols, room.rows, claim)
  }

  #size(): Size {
    return { cols: this.screen.xterm.cols, rows: this.screen.xterm.rows }
  }

  /** What a person typed, together with what the toolbar holds down. */
  type(text: string): void {
    const held = this.held.get()
    this.send(this.#encoder.encode(withHeld(text, held)))
    if (held.ctrl || held.alt) this.held.set({ ctrl: false, alt: false })
  }

  /** Types. While the line is down it is kept, and sent when the line is back. */
  send(bytes: Uint8Array): void {
    const { kind } = this.status.get()
    if (this.looking || kind === 'ended' || kind === 'refused') return
    if (kind !== 'attached' || !this.#terminalId) this.#unsent.hold(bytes)
    else for (const piece of pieces(bytes)) this.#line.input(this.#terminalId, piece)
  }

  /** @param end also ends the program, for everybody who has the terminal open */
  dispose({ end }: { end: boolean }): void {
    this.#disposed = true
    clearTimeout(this.#restTimer)
    clearTimeout(this.#retryTimer)
    clearTimeout(this.#scaleTimer)
    for (const undo of this.#undo) undo()
    if (this.#terminalId && end) this.#line.close(this.#terminalId)
    else if (this.#terminalId) this.#line.detach(this.#terminalId)
    this.screen.dispose()
  }
}
