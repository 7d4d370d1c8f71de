import { maxInputBytes } from '../lib/protocol'

/** What is typed while the line is down is kept up to here; a person who types on blindly loses the rest. */
const heldBytes = 64 * 1024

/** Cuts what is typed or pasted into pieces that the server takes. */
export function pieces(bytes: Uint8Array): readonly Uint8Array[] {
  const cut: Uint8Array[] = []
  for (let offset = 0; offset < bytes.length; offset += maxInputBytes) {
    cut.push(bytes.subarray(offset, offset + maxInputBytes))
  }
  return cut
}

/** Keeps what is typed until there is a line to send it on. */
export class HeldInput {
  #held: Uint8Array[] = []
  #bytes = 0
  #full = false

  /** Past the bound nothing is kept any more: a line without its middle would be another command. */
  hold(bytes: Uint8Array): void {
    this.#full ||= this.#bytes + bytes.length > heldBytes
    if (this.#full) return
    this.#held.push(bytes)
    this.#bytes += bytes.length
  }

  /** Everything that was held, in its order; holds nothing after that. */
  release(): readonly Uint8Array[] {
    const held = this.#held
    this.#held = []
    this.#bytes = 0
    this.#full = false
    return held
  }
}
