import type { TextFrame } from '../lib/protocol'

type Edit = Extract<TextFrame, { kind: 'edit' }>

/** Puts together the changes that came in parts: one of each window at a time. */
export class Parts {
  readonly #of = new Map<string, { readonly key: string; readonly parts: Map<number, Uint8Array> }>()

  /** @returns the whole change when this was its last part */
  take(from: string, { text, change, part, parts, bytes }: Edit): Uint8Array | null {
    if (parts === 1) return bytes
    const key = `${text.id} ${change}`
    const known = this.#of.get(from)
    const one = known?.key === key ? known : { key, parts: new Map<number, Uint8Array>() }
    one.parts.set(part, bytes)
    if (one.parts.size < parts) {
      this.#of.set(from, one)
      return null
    }
    this.#of.delete(from)
    const all = Array.from({ length: parts }, (_, at) => one.parts.get(at) ?? new Uint8Array())
    const whole = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const piece of all) {
      whole.set(piece, at)
      at += piece.length
    }
    return whole
  }
}
