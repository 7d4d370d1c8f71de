import type { OutputStream } from './piped.js'
import { Replay } from './replay.js'

/** A program that changes between its streams all the time keeps fewer bytes than others. */
const maxChanges = 16_384

/** Output of one stream. */
export interface Piece {
  readonly stream: OutputStream
  readonly bytes: Buffer
}

/** The last output of a process, both streams in the order in which they were read, numbered by their bytes together. */
export class OutputLog {
  readonly #replay: Replay
  /** Where the stream changes, oldest first. */
  readonly #changes: { readonly at: number; readonly stream: OutputStream }[] = []
  #floor = 0

  /** @param capacity bytes that are kept at least */
  constructor(capacity: number) {
    this.#replay = new Replay(capacity)
  }

  /** Bytes ever written. */
  get end(): number {
    return this.#replay.end
  }

  /** Number of the first byte that is still here. */
  get start(): number {
    return Math.max(this.#floor, this.#replay.start)
  }

  /** Takes the bytes, which are the caller's again afterwards. */
  push(stream: OutputStream, bytes: Buffer): void {
    if (this.#changes.at(-1)?.stream !== stream) this.#changes.push({ at: this.end, stream })
    this.#replay.push(bytes)
    if (this.#changes.length > maxChanges) {
      this.#changes.splice(0, maxChanges / 2)
      this.#floor = this.#changes[0]?.at ?? this.end
    }
  }

  /** What follows byte `from`, which is here: at most about `most` bytes. */
  after(from: number, most: number): Piece[] {
    const to = Math.min(this.end, from + most)
    const first = this.#changes.findLastIndex(({ at }) => at <= from)
    const pieces: Piece[] = []
    for (let index = first; index < this.#changes.length; index++) {
      const change = this.#changes[index]
      if (change === undefined || change.at >= to) break
      const until = Math.min(to, this.#changes[index + 1]?.at ?? to)
      for (const bytes of this.#replay.slices(Math.max(from, change.at), until)) {
        pieces.push({ stream: change.stream, bytes })
      }
    }
    return pieces
  }
}
