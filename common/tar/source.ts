import { otherFormat, paddingBytes, TarError, tarBlockBytes } from './format.js'

/** Headers that are longer than one block (pax, long names, maps of sparse files) are held in memory. */
const heldBytesMax = 1024 ** 2

/** Takes a stream in pieces of any wanted length. */
export class TarSource {
  readonly #chunks: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)

  constructor(archive: AsyncIterable<Uint8Array>) {
    this.#chunks = archive[Symbol.asyncIterator]()
  }

  /** The next block; undefined at the end. */
  async block(): Promise<Buffer | undefined> {
    const block = await this.#take(tarBlockBytes)
    if (block.length === 0) return undefined
    if (block.length < tarBlockBytes) {
      throw new TarError(otherFormat(block) ?? 'it ends in the middle of a header')
    }
    return block
  }

  /** Content that is held in memory, without its padding. */
  async whole(bytes: number): Promise<Buffer> {
    if (bytes > heldBytesMax) throw new TarError(`a header is longer than ${heldBytesMax} bytes`)
    const taken = await this.#take(bytes + paddingBytes(bytes))
    if (taken.length < bytes + paddingBytes(bytes)) throw new TarError('it ends in the middle of a header')
    return taken.subarray(0, bytes)
  }

  /** At most so many bytes, at least one. */
  async some(bytesMax: number): Promise<Buffer> {
    if (this.#held.length === 0 && !(await this.#more())) {
      throw new TarError('it ends in the middle of a file')
    }
    const part = this.#held.subarray(0, bytesMax)
    this.#held = this.#held.subarray(part.length)
    return part
  }

  async skip(bytes: number): Promise<void> {
    for (let left = bytes; left > 0; ) left -= (await this.some(left)).length
  }

  /** Reads what comes after the archive, so that its sender is heard out. */
  async rest(): Promise<void> {
    do this.#held = Buffer.alloc(0)
    while (await this.#more())
  }

  async #take(bytes: number): Promise<Buffer> {
    while (this.#held.length < bytes && (await this.#more()));
    const taken = this.#held.subarray(0, bytes)
    this.#held = this.#held.subarray(taken.length)
    return taken
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    return true
  }
}
