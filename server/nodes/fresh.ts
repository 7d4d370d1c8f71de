import { within } from './within.js'

/** Something that is asked for often and read once for everybody: `freshMs` after it was read it is read again. */
export class Fresh<T> {
  #reading: Promise<T> | undefined
  #value: T | undefined
  #readAt = 0

  constructor(
    private readonly freshMs: number,
    private readonly ask: () => Promise<T>,
  ) {}

  /**
   * @param freshMs what was read longer ago is read again
   * @throws what reading throws; the next call reads again
   */
  read(freshMs = this.freshMs): Promise<T> {
    if (this.#reading !== undefined) return this.#reading
    if (this.#value !== undefined && performance.now() - this.#readAt <= freshMs) {
      return Promise.resolve(this.#value)
    }
    const reading = this.#read().finally(() => {
      this.#reading = undefined
    })
    this.#reading = reading
    return reading
  }

  /** The same; what was read last, or undefined, when reading takes longer than `ms`. */
  async within(ms: number, freshMs = this.freshMs): Promise<T | undefined> {
    return (await within(ms, this.read(freshMs))) ?? this.#value
  }

  async #read(): Promise<T> {
    this.#readAt = performance.now()
    this.#value = await this.ask()
    return this.#value
  }
}
