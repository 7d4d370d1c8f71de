import type { Duplex } from 'node:stream'
import type { ExitStatus, TerminalSize } from '../../protocol/api/index.js'
import {
  encodeFrameHeader,
  encodeJsonFrame,
  type FrameType,
  flowHighWaterBytes,
  frameType,
} from '../../protocol/node/index.js'
import type { History } from './history.js'

/** A viewer that was behind has caught up when it is this close. */
const flowLowWaterBytes = flowHighWaterBytes / 2
/** One who holds up others who keep up is waited for so long, */
export const patienceWithOthersMs = 1000
/** and one who holds up nobody but the program, so long after its last acknowledgement. */
export const patienceAloneMs = 30_000

/**
 * One line to somebody who looks at a terminal. It is sent what it has not had, as far as it acknowledges; what it
 * has not been sent yet is nowhere but in the terminal's own history.
 */
export class Viewer {
  #sent = 0
  #acked = 0
  #size: TerminalSize
  #sizeNumber = 0
  #heardAt = performance.now()
  #behindSince: number | undefined
  #drawing = false
  /** Its keystrokes wait for the program, and behind them its acknowledgements: nobody can wait for those. */
  typing = false
  /** Sent nothing, and not waited for, until it has acknowledged all it was sent. */
  evicted = false
  /** What fits where it shows the terminal, once it has said so. */
  room: TerminalSize | undefined
  /** When it claimed the terminal, among all claims; 0 is never. */
  claim = 0

  constructor(
    readonly line: Duplex,
    private readonly history: History,
    private readonly title: () => string,
    private readonly redraw: (viewer: Viewer) => void,
  ) {
    this.#size = history.currentSize
  }

  get behind(): boolean {
    return this.#behindSince !== undefined
  }

  /** Goes on from byte `seq`, which is in the replay. */
  continueFrom(seq: number): void {
    const { size, number } = this.history.sizeAt(seq)
    this.#begin(seq, size, number)
    this.#announce(false)
  }

  /** Will go on from a screen of what there is now; nothing is sent until it is there. */
  awaitScreen(): void {
    const { wholeEnd } = this.history
    const { size, number } = this.history.sizeAt(wholeEnd)
    this.#begin(wholeEnd, size, number)
    this.#drawing = true
  }

  /** Takes the screen that was drawn when `awaitScreen` was called. */
  showScreen(screen: Uint8Array): void {
    if (this.#sent < this.history.replay.start) {
      this.redraw(this) // so much has come meanwhile that the screen does not lead up to it any more
      return
    }
    this.#drawing = false
    this.evicted = false
    this.#announce(true)
    this.#frame(frameType.screen, [screen])
  }

  /** The far end has consumed every byte below `seq`. */
  acknowledge(seq: number): void {
    this.#acked = Math.min(this.#sent, Math.max(this.#acked, seq))
    this.#heardAt = performance.now()
    if (!this.evicted || this.#drawing || this.#acked < this.#sent) return
    this.evicted = false
    if (this.#sent < this.history.replay.start) this.redraw(this)
  }

  /** Whether the terminal must not be read on now for this viewer's sake. */
  regulate(): boolean {
    const lag = this.history.replay.end - this.#acked
    if (lag > flowHighWaterBytes) this.#behindSince ??= performance.now()
    else if (lag <= flowLowWaterBytes) this.#behindSince = undefined
    return this.behind && !this.evicted && !this.typing
  }

  /** @param othersKeepUp somebody else looks at the terminal and has to wait for this one */
  evictIfSlow(othersKeepUp: boolean): void {
    if (this.#behindSince === undefined) return
    const now = performance.now()
    const heardAt = Math.max(this.#heardAt, this.#behindSince)
    this.evicted ||= othersKeepUp
      ? now - this.#behindSince > patienceWithOthersMs
      : now - heardAt > patienceAloneMs
  }

  /** Sends what may be sent. With `exit` that is the last word, once everything before it is out. */
  pump(exit: ExitStatus | null): void {
    if (this.#drawing || this.line.destroyed || this.line.writableEnded) return
    const end = exit === null ? this.history.wholeEnd : this.history.replay.end
    const until = this.evicted ? this.#sent : Math.min(end, this.#acked + flowHighWaterBytes)
    this.line.cork()
    for (const change of this.history.sizesAfter(this.#sizeNumber)) {
      if (change.seq > until) break
      this.#output(change.seq)
      this.#sizeNumber = change.number
      this.line.write(encodeJsonFrame(frameType.resize, change.size))
    }
    this.#output(until)
    if (exit !== null && this.#sent === end) this.line.end(encodeJsonFrame(frameType.exit, exit))
    this.line.uncork()
  }

  #begin(seq: number, size: TerminalSize, sizeNumber: number): void {
    this.#sent = seq
    this.#acked = seq
    this.#size = size
    this.#sizeNumber = sizeNumber
  }

  #announce(screen: boolean): void {
    const place = { seq: this.#sent, ...this.#size, screen, title: this.title() }
    this.line.write(encodeJsonFrame(frameType.attached, place))
  }

  #output(until: number): void {
    if (until <= this.#sent) return
    this.#frame(frameType.stdout, this.history.replay.slices(this.#sent, until))
    this.#sent = until
  }

  #frame(type: FrameType, pieces: readonly Uint8Array[]): void {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    this.line.write(encodeFrameHeader(type, length))
    for (const piece of pieces) this.line.write(piece)
  }
}
