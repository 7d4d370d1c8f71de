import type { TerminalSize } from '../../protocol/api/index.js'
import { replayBytes } from '../../protocol/node/index.js'
import { Replay } from '../process/replay.js'
import { elide } from './elide.js'
import type { TerminalEvent } from './screen.js'
import { partialCharacter } from './sequence.js'

/** What has left the replay is made shorter when it is longer than this: four times what is left of plain text then. */
const tidyFromBytes = 512 * 1024
/** A program that draws faster than this much of its past can be made shorter has to wait. */
const congestedFromBytes = 4 * 1024 * 1024
/** Resizes that are remembered with their place in the output; of more, the oldest lose their place. */
const maxSizes = 128

/** More of an output that cannot be drawn would only take a viewer longer to draw. */
const lastResortBytes = 32 * 1024
/** A shell at its prompt has written less. */
const shortBytes = 4096
/** Text, colours, movements, erasures, modes and titles, as a prompt has them. */
const shortOutput =
  /^(?:[^\x00-\x07\x0e-\x1f]|\x1b\[[\d;?]*[mABCDGHJKhl]|\x1b\][02];[^\x07\x1b]*(?:\x07|\x1b\\))*$/

/** From byte `seq` on the terminal had this size. */
export interface SizeChange {
  readonly seq: number
  readonly number: number
  readonly size: TerminalSize
}

/** A place in the output, and the number of the last change of the size before it. */
export interface Place {
  readonly seq: number
  readonly number: number
}

/** What happened between two places. */
export interface Step {
  /** The size that a fresh terminal begins with; null: whoever has drawn everything before goes on. */
  readonly from: TerminalSize | null
  readonly happened: readonly TerminalEvent[]
  readonly place: Place
}

/** Whoever is so far behind draws the end alone: what has flooded past, nobody has seen. */
const behindBytes = 256 * 1024
const endBytes = 64 * 1024

/** Makes a screen of what happened to a terminal that began with `size`. */
export type Draw = (size: TerminalSize, happened: readonly TerminalEvent[]) => Promise<Uint8Array>

/**
 * All of a terminal's output that anybody may still need: the last bytes as they were, for those who come back, and
 * before them whatever brings a fresh terminal into the same state. No emulator runs beside a terminal: bytes that
 * leave the replay are kept, plain text that has scrolled away is dropped unread, and only what is still too long
 * is drawn into a screen, elsewhere.
 */
export class History {
  readonly replay: Replay
  /** Size changes since the beginning of the replay, and the size it began with. */
  #sizes: SizeChange[] = []
  #numbers = 0
  #pastSize: TerminalSize
  #past: TerminalEvent[] = []
  #pastBytes = 0
  #drawing = false
  #undrawable = false

  /**
   * @param draw for the past only, when nobody waits for it
   * @param tidied is called when a congested history may go on
   */
  constructor(
    private size: TerminalSize,
    private readonly draw: Draw,
    private readonly tidied: () => void,
  ) {
    this.#pastSize = size
    this.replay = new Replay(replayBytes, (bytes) => this.#pass(bytes))
  }

  /** Whether the program has to wait until its past is shorter. */
  get congested(): boolean {
    return this.#pastBytes > congestedFromBytes
  }

  get currentSize(): TerminalSize {
    return this.size
  }

  /** Size changes after the one with this number, oldest first. */
  sizesAfter(number: number): SizeChange[] {
    return this.#sizes.filter((change) => change.number > number)
  }

  /** The size at byte `seq`, and the number of the change that brought it. */
  sizeAt(seq: number): { size: TerminalSize; number: number } {
    const change = this.#sizes.findLast((one) => one.seq <= seq)
    return { size: change?.size ?? this.#sizeBefore(), number: change?.number ?? 0 }
  }

  resize(size: TerminalSize): void {
    const seq = this.replay.end
    if (this.#sizes.at(-1)?.seq === seq) this.#sizes.pop()
    else if (this.#sizes.length >= maxSizes) this.#past.push(this.#sizes.shift()?.size ?? size)
    this.#sizes.push({ seq, size, number: ++this.#numbers })
    this.size = size
  }

  /** The end of the output, or of its last whole character. */
  get wholeEnd(): number {
    const { end } = this.replay
    return end - partialCharacter(Buffer.concat(this.replay.slices(end - 3)))
  }

  /** Everything that a fresh terminal of the first size must go through to be as this one is at `wholeEnd`. */
  all(): { size: TerminalSize; happened: TerminalEvent[] } {
    const now = this.#between(this.replay.start, this.wholeEnd)
    return { size: this.#pastSize, happened: joined([...this.#past, ...now]) }
  }

  /** What happened after a place; without one everything, as far as it can be drawn. */
  since(place: Place | undefined): Step {
    const { wholeEnd } = this
    const now = { seq: wholeEnd, number: this.#numbers }
    if (place === undefined) {
      const { size, happened } = this.#undrawable
        ? { size: this.size, happened: [this.lastResort] }
        : this.all()
      return { from: size, happened, place: now }
    }
    if (wholeEnd - place.seq > behindBytes) {
      return { from: null, happened: this.replay.slices(wholeEnd - endBytes, wholeEnd), place: now }
    }
    const happened: TerminalEvent[] = []
    let at = place.seq
    for (const { seq, size } of this.sizesAfter(place.number)) {
      happened.push(...this.replay.slices(at, seq), size)
      at = Math.max(at, seq)
    }
    happened.push(...this.replay.slices(at, wholeEnd))
    return { from: null, happened, place: now }
  }

  /**
   * The screen of a terminal that has done so little that all its output is one: no program's question is in it, which
   * a viewer's emulator would answer once more.
   */
  get short(): Uint8Array | undefined {
    const { start } = this.replay
    if (start > 0 || this.#sizes.length > 0 || this.wholeEnd > shortBytes) return undefined
    const output = Buffer.concat(this.replay.slices(0, this.wholeEnd))
    return shortOutput.test(output.toString('latin1')) ? output : undefined
  }

  /** Nobody could draw this terminal once, and nobody tries again: it kept the others waiting. */
  get undrawable(): boolean {
    return this.#undrawable
  }

  /** In place of a screen: the last output as it was. */
  get lastResort(): Uint8Array {
    const { wholeEnd } = this
    return Buffer.concat(this.replay.slices(wholeEnd - lastResortBytes, wholeEnd))
  }

  /** For a terminal that nobody can draw. */
  forgetPast(): void {
    this.#undrawable = true
    this.#past = []
    this.#pastBytes = 0
    this.#pastSize = this.#sizeBefore()
  }

  #sizeBefore(): TerminalSize {
    const last = this.#past.findLast((one) => !(one instanceof Uint8Array))
    return last === undefined || last instanceof Uint8Array ? this.#pastSize : last
  }

  #between(from: number, to: number): TerminalEvent[] {
    const happened: TerminalEvent[] = []
    let at = from
    for (const { seq, size } of this.#sizes) {
      if (seq > to) break
      happened.push(...this.replay.slices(at, seq), size)
      at = Math.max(at, seq)
    }
    happened.push(...this.replay.slices(at, to))
    return happened
  }

  /** Takes over the bytes that have just left the replay, with the sizes among them. */
  #pass(bytes: Buffer): void {
    const { start } = this.replay
    let at = 0
    while (this.#sizes[0] !== undefined && this.#sizes[0].seq < start) {
      const change = this.#sizes.shift()
      if (change === undefined) break
      const until = change.seq - (start - bytes.length)
      this.#past.push(bytes.subarray(at, until), change.size)
      at = until
    }
    this.#past.push(bytes.subarray(at))
    this.#pastBytes += bytes.length
    if (this.#undrawable) this.forgetPast()
    else if (this.#pastBytes > tidyFromBytes && !this.#drawing) this.#tidy()
  }

  #tidy(): void {
    this.#past = joined(this.#past)
    const last = this.#past.at(-1)
    if (last instanceof Uint8Array) {
      const short = elide(Buffer.from(last.buffer, last.byteOffset, last.length))
      this.#past[this.#past.length - 1] = short
      this.#pastBytes -= last.length - short.length
    }
    if (this.#pastBytes <= tidyFromBytes) return
    const drawn = this.#past
    const drawnBytes = this.#pastBytes
    const size = this.#sizeBefore()
    this.#drawing = true
    this.draw(this.#pastSize, drawn)
      .then((screen) => {
        if (this.#undrawable) return
        this.#past = [screen, ...this.#past.slice(drawn.length)]
        this.#pastBytes += screen.length - drawnBytes
        this.#pastSize = size
      })
      .catch(() => this.forgetPast()) // whoever drew it has said why
      .finally(() => {
        this.#drawing = false
        this.tidied()
      })
  }
}

/** The same happenings with neighbouring bytes in one piece each, which nobody else holds. */
function joined(happened: readonly TerminalEvent[]): TerminalEvent[] {
  const result: TerminalEvent[] = []
  let pieces: Uint8Array[] = []
  const close = () => {
    if (pieces.length === 1 && pieces[0] !== undefined) result.push(pieces[0])
    else if (pieces.length > 0) result.push(Buffer.concat(pieces))
    pieces = []
  }
  for (const one of happened) {
    if (one instanceof Uint8Array) {
      if (one.length > 0) pieces.push(one)
    } else {
      close()
      result.push(one)
    }
  }
  close()
  return result
}
