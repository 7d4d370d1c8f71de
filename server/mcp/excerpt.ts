/** What a model can use of one answer, in UTF-16 code units; what is longer costs it its memory of everything else. */
export const textMax = 30_000

/** The beginning of a text; half of a surrogate pair is no character. */
export const beginningOf = (text: string, max: number): string =>
  text.length <= max ? text : text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')

/** The end of a text. */
export const endOf = (text: string, max: number): string =>
  text.length <= max ? text : text.slice(-max).replace(/^[\uDC00-\uDFFF]/, '')

/** The beginning and the end of a text of any length, of which no more is held. */
export class Excerpt {
  #head = ''
  #tail = ''
  #length = 0

  /** @param max code units that are kept, half of them at each end */
  constructor(private readonly max: number) {}

  add(text: string): void {
    this.#length += text.length
    const room = this.max / 2 - this.#head.length
    if (room > 0) this.#head += text.slice(0, room)
    const rest = text.slice(Math.max(0, room))
    this.#tail = (this.#tail + rest).slice(-this.max / 2)
  }

  get length(): number {
    return this.#length
  }

  /** How many code units are left out between beginning and end. */
  get left(): number {
    return this.#length - this.#head.length - this.#tail.length
  }

  /** @param how what to do to see what is left out */
  text(how: string): string {
    if (this.left === 0) return this.#head + this.#tail
    const [head, tail] = [beginningOf(this.#head, this.max / 2 - 1), endOf(this.#tail, this.max / 2 - 1)]
    return `${head}\n[… ${this.left} characters left out; ${how} …]\n${tail}`
  }
}
