/** Small enough that a quiet terminal costs nothing, and doubled with each next block up to the largest. */
const firstBlockBytes = 1024
const largestBlockBytes = 64 * 1024

interface Block {
  readonly bytes: Buffer
  used: number
}

/**
 * The last bytes of an endless output, in blocks that are only ever added to: what is handed out stays as it is, and
 * a program that writes single bytes costs no more than one that writes many.
 */
export class Replay {
  readonly #blocks: Block[] = []
  #start = 0
  #end = 0

  /**
   * @param capacity bytes that are kept at least; one block more at most
   * @param evicted is given what leaves, oldest first
   */
  constructor(
    private readonly capacity: number,
    private readonly evicted: (bytes: Buffer) => void = () => {},
  ) {}

  /** Bytes ever written. */
  get end(): number {
    return this.#end
  }

  /** Number of the first byte that is still here. */
  get start(): number {
    return this.#start
  }

  /** Copies the bytes: the caller may use its buffer again. */
  push(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const block = this.#writable()
      const part = bytes.subarray(at, at + block.bytes.length - block.used)
      block.bytes.set(part, block.used)
      block.used += part.length
      at += part.length
      this.#end += part.length
    }
    for (let first = this.#blocks[0]; first; first = this.#blocks[0]) {
      if (this.#end - this.#start - first.used < this.capacity) break
      this.#blocks.shift()
      this.#start += first.used
      this.evicted(first.bytes.subarray(0, first.used))
    }
  }

  /** The bytes numbered `from` to `to`, in pieces; from `start` on where that is later. */
  slices(from: number, to: number = this.#end): Buffer[] {
    const found: Buffer[] = []
    let at = this.#start
    for (const { bytes, used } of this.#blocks) {
      if (at >= to) break
      const piece = bytes.subarray(Math.max(0, from - at), Math.min(used, to - at))
      if (at + used > from && piece.length > 0) found.push(piece)
      at += used
    }
    return found
  }

  #writable(): Block {
    const last = this.#blocks.at(-1)
    if (last !== undefined && last.used < last.bytes.length) return last
    const size = Math.min(largestBlockBytes, (last?.bytes.length ?? firstBlockBytes / 2) * 2)
    const block = { bytes: Buffer.allocUnsafeSlow(size), used: 0 }
    this.#blocks.push(block)
    return block
  }
}
