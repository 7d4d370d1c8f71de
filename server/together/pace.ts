import { ApiError } from '../errors.js'

/** What a window may tell at once, and how much more each second. */
const frames = { most: 600, aSecond: 100 }
const bytes = { most: 8 * 1024 * 1024, aSecond: 512 * 1024 }

/** How much one connection may tell others. */
export class Pace {
  #frames = frames.most
  #bytes = bytes.most
  #at: number

  constructor(private readonly now: () => number = () => performance.now()) {
    this.#at = now()
  }

  /** @throws ApiError `rate_limited` */
  take(size: number): void {
    const now = this.now()
    const seconds = (now - this.#at) / 1000
    this.#at = now
    this.#frames = Math.min(frames.most, this.#frames + seconds * frames.aSecond)
    this.#bytes = Math.min(bytes.most, this.#bytes + seconds * bytes.aSecond)
    if (this.#frames < 1 || this.#bytes < size) {
      throw new ApiError('rate_limited', 'more is told to other windows than they are sent', 1)
    }
    this.#frames--
    this.#bytes -= size
  }
}
