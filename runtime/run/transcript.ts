import { runBounds, type Transcript } from '../../protocol/api/index.js'
import { encode } from './output-buffer.js'

/** Who speaks: a program, or the judge that it is connected to. */
export type Speaker = Transcript['turns'][number]['from']

/** Small pieces are joined; so many turns are told. */
const turnsMax = 1000

/** The beginning of what two programs write to each other, in the order in which it came. */
export class TranscriptBuffer {
  readonly #turns: { readonly from: Speaker; readonly chunks: Buffer[] }[] = []
  #bytes = 0
  #truncated = false

  add(from: Speaker, chunk: Buffer): void {
    const part = chunk.subarray(0, runBounds.transcriptBytes - this.#bytes)
    if (part.length < chunk.length) this.#truncated = true
    if (part.length === 0) return
    const last = this.#turns.at(-1)
    if (last?.from !== from && this.#turns.length >= turnsMax) {
      this.#truncated = true
      return
    }
    this.#bytes += part.length
    if (last?.from === from) last.chunks.push(part)
    else this.#turns.push({ from, chunks: [part] })
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param room bytes that the answer may hold */
  transcript(room: number): Transcript {
    if (this.#bytes > room) return { turns: [], truncated: true }
    const turns = this.#turns.map(({ from, chunks }) => ({ from, ...encode(Buffer.concat(chunks)) }))
    return { turns, truncated: this.#truncated }
  }
}
