/** The last bytes of an endless output. Costs nothing while there are none, and never more than its capacity. */
export class Replay {
  readonly #chunks: Buffer[] = []
  #bytes = 0
  #end = 0

  constructor(private readonly capacity: number) {}

  /** Bytes ever written. */
  get end(): number {
    return this.#end
  }

  /** Number of the first byte that is still here. */
  get start(): number {
    return this.#end - this.#bytes
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    this.#end += chunk.length
    for (
      let first = this.#chunks[0];
      first && this.#bytes - first.length >= this.capacity;
      first = this.#chunks[0]
    ) {
      this.#chunks.shift()
      this.#bytes -= first.length
    }
  }

  /** Everything from byte number `seq` on, or from `start` where that is later. */
  since(seq: number): Buffer {
    return Buffer.concat(this.#chunks).subarray(Math.max(0, seq - this.start))
  }
}
