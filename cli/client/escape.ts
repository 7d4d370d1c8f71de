const newline = /[\r\n]/
const tilde = '~'

/**
 * Finds `~.` at the beginning of a line in what is typed, as ssh does; `~~` is one `~`. Everything else goes on as
 * it is.
 */
export class EscapeFilter {
  #atLineStart = true
  #pending = false

  /** @returns what goes on to the program, and whether the user wants to leave */
  push(typed: Buffer): { readonly bytes: Buffer; readonly leave: boolean } {
    // One character for one byte: what is not ASCII passes through untouched.
    let out = ''
    for (const char of typed.toString('latin1')) {
      if (this.#pending) {
        this.#pending = false
        if (char === '.') return { bytes: Buffer.from(out, 'latin1'), leave: true }
        out += char === tilde ? '' : tilde
      } else if (this.#atLineStart && char === tilde) {
        this.#pending = true
        continue
      }
      out += this.#pending ? '' : char
      this.#atLineStart = newline.test(char)
    }
    return { bytes: Buffer.from(out, 'latin1'), leave: false }
  }
}
