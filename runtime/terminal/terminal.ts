import type { Duplex } from 'node:stream'
import {
  type Terminal as Description,
  type ExitStatus,
  maxInputBytes,
  type SandboxProcess,
  type SignalName,
  type TerminalSize,
  terminalResize,
} from '../../protocol/api/index.js'
import { decodeAck, FrameDecoder, frameType } from '../../protocol/node/index.js'
import { setWindowSize } from '../linux/console.js'
import { type Reaper, signal } from '../linux/process.js'
import { endBy } from '../process/deadline.js'
import type { HeldProcess } from '../process/held.js'
import { takeInput } from '../process/input.js'
import { Listeners } from '../process/listeners.js'
import { insidePid, kill, type StartedOnPty, signalAll } from '../process/start.js'
import { withoutAnswers } from './answers.js'
import { History, type Place, type Step } from './history.js'
import type { Screens } from './screens.js'
import { PtyStream } from './stream.js'
import { TitleReader } from './title.js'
import { Viewer } from './viewer.js'

/** What a terminal makes of Ctrl+D at the begin of a line. */
const endOfFile = Buffer.of(4)
/** A window that closes hangs up; a program that does not care is killed after this. */
const hangupMs = 500
/**
 * Output goes at once, as an echo must, for so many times within so long; then what comes is sent together when the
 * time is over, or there is much of it.
 */
const coalesceMs = 1
const sendsAtOnce = 8
/** A read that long is not an echo: what is read after it in the same turn of the event loop goes with it. */
const burstFromBytes = 1024
/**
 * Output at this rate is a flood. Each message costs server and browser as much as 20 KiB of its content do, so a
 * flood goes in large ones, one for each frame of a screen.
 */
const floodBytesPerMs = 1024
const floodCoalesceMs = 16
const coalesceBytes = 64 * 1024
/** How often it is looked whether somebody is still waited for. */
const patienceTickMs = 250

/** One pseudo-terminal with everybody who looks at it. */
export class Terminal implements HeldProcess {
  readonly #stream: PtyStream
  readonly #history: History
  readonly #titles = new TitleReader()
  readonly #inputClosed = new Listeners()
  readonly #viewers = new Set<Viewer>()
  /** Counts claims; the viewer with the highest is the owner. */
  #claims = 0
  readonly #createdAt = new Date().toISOString()
  #usedAt = performance.now()
  #title: string
  #exit: ExitStatus | null = null
  #ending = false
  #timedOut = false
  /** Since when, and from which byte on, sends are counted. */
  #countedSince = 0
  #countedFrom = 0
  #sends = 0
  #flood = false
  #sentSeq = 0
  #sending: NodeJS.Timeout | undefined
  #sendingSoon: NodeJS.Immediate | undefined
  #patience: NodeJS.Timeout | undefined
  /** Resolves when the program has ended and its last output is here. */
  readonly ended: Promise<void>

  constructor(
    readonly id: string,
    readonly sandboxId: string,
    private readonly wanted: { title: string; command: string; timeoutMs?: number | undefined },
    size: TerminalSize,
    private readonly pty: StartedOnPty,
    reaper: Reaper,
    private readonly screens: Screens,
  ) {
    this.#title = wanted.title
    this.#history = new History(
      size,
      (from, happened) => this.screens.draw(from, happened, false),
      () => this.#regulate(),
    )
    this.#stream = new PtyStream(pty.fd, (bytes) => this.#output(bytes))
    setWindowSize(pty.fd, size.cols, size.rows)
    this.#stream.resume()
    void this.#stream.closed.then(() => this.#inputClosed.happen())
    const timeOut = () => {
      this.#timedOut = true
      kill(this.pty)
    }
    this.ended = endBy(reaper.wait(pty.pid), wanted.timeoutMs, timeOut).then((status) => this.#finish(status))
  }

  /** Bytes of output so far. */
  get seq(): number {
    return this.#history.replay.end
  }

  describe(): Description {
    const { id, sandboxId } = this
    const { seq } = this
    const exit = this.#exit
    return {
      ...{ id, sandboxId, title: this.#title, ...this.#history.currentSize, seq },
      ...{ createdAt: this.#createdAt, exit, stoppedAt: null },
    }
  }

  /** What brings a fresh terminal of its size into the same state; at the worst its last output. */
  async screen(): Promise<Uint8Array> {
    const { short, undrawable } = this.#history
    if (short !== undefined || undrawable) return short ?? this.#history.lastResort
    const { size, happened } = this.#history.all()
    try {
      return await this.screens.draw(size, happened, true)
    } catch {
      // Whoever drew it has said why.
      this.#history.forgetPast()
      return this.#history.lastResort
    }
  }

  /** When it was opened, or somebody typed last; only to be compared. */
  get usedAt(): number {
    return this.#usedAt
  }

  get size(): TerminalSize {
    return this.#history.currentSize
  }

  /** As `History.since`. */
  since(place: Place | undefined): Step {
    return this.#history.since(place)
  }

  /** The last of its output as it was, for who cannot wait. */
  get lastOutput(): Uint8Array {
    return this.#history.lastResort
  }

  /**
   * Shows the terminal to whoever is at the end of `line`, and takes its keystrokes.
   * @param since the bytes it has already; what follows them is sent, where that is still here. Else a screen.
   */
  attach(line: Duplex, since: number | undefined): void {
    const viewer = new Viewer(
      line,
      this.#history,
      () => this.#title,
      (one) => this.#draw(one),
    )
    this.#viewers.add(viewer)
    if (this.#viewers.size === 1) this.#claim(viewer)
    line.once('close', () => {
      const owned = this.#owner === viewer
      this.#viewers.delete(viewer)
      const next = this.#owner
      if (owned && next) this.#claim(next)
      this.#regulate()
    })
    // Whoever says nothing any more has left: nobody only listens.
    line.once('end', () => line.destroy())
    const decoder = new FrameDecoder(maxInputBytes)
    line.on('data', (chunk: Buffer) => {
      try {
        for (const frame of decoder.push(chunk)) this.#input(viewer, frame.type, frame.payload)
      } catch {
        line.destroy() // not a frame: whoever it is, it is not the server
      }
    })
    if (since !== undefined && since >= this.#history.replay.start) viewer.continueFrom(since)
    else this.#draw(viewer)
    this.#send()
  }

  get exited(): boolean {
    return this.#exit !== null
  }

  describeProcess(): SandboxProcess {
    const { id, sandboxId, seq, exited } = this
    const { replay, currentSize } = this.#history
    return {
      ...{ id, sandboxId, command: this.wanted.command, tty: currentSize, stdin: !exited },
      pid: exited ? null : insidePid(this.pty),
      ...{ firstSeq: replay.start, seq, createdAt: this.#createdAt },
      ...{ exit: this.#exit, timedOut: this.#timedOut },
    }
  }

  takeInput(line: Duplex): void {
    const stream = this.#stream
    takeInput(line, {
      get open() {
        return !stream.isClosed
      },
      write: (bytes, taken) => {
        const room = stream.write(bytes)
        if (room) taken()
        else stream.onRoom(taken)
        return room
      },
      onRoom: (done) => stream.onRoom(done),
      onClosed: (closed) => this.#inputClosed.add(closed),
      // What Ctrl+D does: a terminal stays open.
      end: () => void stream.write(endOfFile),
    })
  }

  signal(name: SignalName): Promise<void> {
    return signalAll(this.pty, name)
  }

  /** Gives it this size, for everybody. */
  resize(size: TerminalSize): void {
    if (this.#ending) return
    setWindowSize(this.pty.fd, size.cols, size.rows)
    this.#history.resize(size)
    this.#send()
  }

  /** Ends the program: a hangup first, as when a window closes. */
  close(): void {
    if (this.#ending) return
    signal(this.pty.pid, 'SIGHUP')
    setTimeout(() => {
      if (!this.#ending) signal(this.pty.pid, 'SIGKILL')
    }, hangupMs)
  }

  #draw(viewer: Viewer): void {
    viewer.awaitScreen()
    const { short, undrawable, lastResort } = this.#history
    if (short !== undefined || undrawable) viewer.showScreen(short ?? lastResort)
    else {
      void this.screen().then((screen) => {
        viewer.showScreen(screen)
        this.#send()
      })
    }
  }

  /**
   * The viewer who typed or claimed last. What a terminal has but one of is the owner's: its size is the owner's room,
   * and of all emulators the owner's answers a program that asks.
   */
  get #owner(): Viewer | undefined {
    let owner: Viewer | undefined
    for (const viewer of this.#viewers) if (!owner || viewer.claim >= owner.claim) owner = viewer
    return owner
  }

  #claim(viewer: Viewer): void {
    viewer.claim = ++this.#claims
    const { room } = viewer
    const now = this.#history.currentSize
    if (!room || this.#ending || (room.cols === now.cols && room.rows === now.rows)) return
    this.resize(room)
  }

  #input(viewer: Viewer, type: number, payload: Buffer): void {
    if (type === frameType.stdin) {
      const owned = this.#owner === viewer
      const typed = owned ? payload : withoutAnswers(payload)
      if (typed.length === 0) return
      this.#usedAt = performance.now()
      if (!owned) this.#claim(viewer)
      if (this.#stream.write(typed)) return
      // The program does not read: its typist waits.
      viewer.line.pause()
      viewer.typing = true
      this.#regulate()
      this.#stream.onRoom(() => {
        viewer.typing = false
        viewer.line.resume()
      })
    } else if (type === frameType.resize) {
      const { claim, ...room } = terminalResize.parse(JSON.parse(payload.toString()))
      viewer.room = room
      if (claim || this.#owner === viewer) this.#claim(viewer)
    } else if (type === frameType.ack) {
      viewer.acknowledge(decodeAck(payload))
      // What is collected goes to all together; the viewer's own wait is over then too.
      if (this.#sending === undefined) this.#send()
      else this.#regulate()
    } else {
      throw new RangeError(`a frame of type ${type}`)
    }
  }

  #output(bytes: Buffer): void {
    this.#title = this.#titles.read(bytes) ?? this.#title
    const now = performance.now()
    const countedMs = now - this.#countedSince
    if (countedMs >= coalesceMs) {
      this.#flood = this.seq - this.#countedFrom >= countedMs * floodBytesPerMs
      this.#countedSince = now
      this.#countedFrom = this.seq
      this.#sends = 0
    }
    this.#history.replay.push(bytes)
    if (this.seq - this.#sentSeq >= coalesceBytes) this.#send()
    else if (this.#flood || this.#sends >= sendsAtOnce) {
      this.#sending ??= setTimeout(() => this.#send(), this.#flood ? floodCoalesceMs : coalesceMs)
    } else {
      this.#sends++
      if (bytes.length < burstFromBytes) this.#send()
      else this.#sendingSoon ??= setImmediate(() => this.#send())
    }
  }

  #send(): void {
    clearTimeout(this.#sending)
    this.#sending = undefined
    clearImmediate(this.#sendingSoon)
    this.#sendingSoon = undefined
    this.#sentSeq = this.seq
    for (const viewer of this.#viewers) viewer.pump(this.#exit)
    this.#regulate()
  }

  /** Reads the terminal only while nobody who is waited for is too far behind. */
  #regulate(): void {
    let behind = false
    let held = this.#history.congested
    for (const viewer of this.#viewers) {
      held = viewer.regulate() || held
      behind ||= viewer.behind && !viewer.evicted
    }
    if (held && !this.#ending) this.#stream.pause()
    else this.#stream.resume()
    if (behind) this.#patience ??= setInterval(() => this.#evictSlowViewers(), patienceTickMs)
    else {
      clearInterval(this.#patience)
      this.#patience = undefined
    }
  }

  #evictSlowViewers(): void {
    const othersKeepUp = [...this.#viewers].some((viewer) => !viewer.evicted && !viewer.behind)
    for (const viewer of this.#viewers) viewer.evictIfSlow(othersKeepUp)
    this.#regulate()
  }

  /** Whoever is left behind without the program has lost the terminal: the kernel hangs up when its session ends. */
  #finish(status: ExitStatus): void {
    this.#ending = true
    this.#stream.drain()
    this.#stream.close()
    this.#exit = status
    this.#send()
  }
}
