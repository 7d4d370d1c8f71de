import { showBytes } from './output.js'

/** What is through sooner than this needs no progress. */
const patienceMs = 500
const everyMs = 100

/** Counts bytes, and shows a person who waits how many there are. */
export class Progress implements Disposable {
  #bytes = 0
  #shownMs = performance.now() + patienceMs - everyMs
  #shown = false

  /** @param totalBytes undefined when nobody knows */
  constructor(
    private readonly what: string,
    private readonly totalBytes: number | undefined,
  ) {}

  get bytes(): number {
    return this.#bytes
  }

  add(bytes: number): void {
    this.#bytes += bytes
    if (!process.stderr.isTTY || performance.now() - this.#shownMs < everyMs) return
    this.#shownMs = performance.now()
    this.#shown = true
    const share = this.totalBytes ? ` of ${showBytes(this.totalBytes)}` : ''
    process.stderr.write(`\r\x1b[K${this.what}: ${showBytes(this.#bytes)}${share}`)
  }

  /** Passes bytes on and counts them. */
  async *through(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      yield chunk
      this.add(chunk.length)
    }
  }

  /** Takes the line away. */
  [Symbol.dispose](): void {
    if (this.#shown) process.stderr.write('\r\x1b[K')
  }
}
