/**
 * What one side hands over and the other takes, in order, one at a time. Nothing bounds it: whoever fills it does.
 */
export class Queue<T> {
  readonly #items: T[] = []
  #waiting: (() => void) | undefined
  #end: { readonly error?: unknown } | undefined

  get empty(): boolean {
    return this.#items.length === 0
  }

  push(item: T): void {
    if (this.#end !== undefined) return
    this.#items.push(item)
    this.#wake()
  }

  /** After what is in it now, there is nothing more, or there is this error. */
  end(end: { readonly error?: unknown } = {}): void {
    this.#end ??= end
    this.#wake()
  }

  /** Undefined at the end. @throws the error it was ended with */
  async take(): Promise<T | undefined> {
    for (;;) {
      const item = this.#items.shift()
      if (item !== undefined) return item
      if (this.#end !== undefined) {
        if (this.#end.error !== undefined) throw this.#end.error
        return undefined
      }
      await new Promise<void>((resolve) => {
        this.#waiting = resolve
      })
    }
  }

  #wake(): void {
    this.#waiting?.()
    this.#waiting = undefined
  }
}
