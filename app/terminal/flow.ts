import { ackEveryBytes } from '../lib/protocol'

/** What to do with a piece of output that came. */
export type Piece =
  | { readonly kind: 'new'; readonly bytes: Uint8Array; readonly end: number }
  | { readonly kind: 'known' }
  | { readonly kind: 'gap' }

/**
 * Counts one terminal's output on its way to the screen, so that nothing is lost or drawn twice across reconnects, and
 * so that the server hears what has been drawn.
 */
export class Flow {
  #received = 0
  #drawn = 0
  #acknowledged = 0
  /** Counts resets: what is still being drawn from before one says nothing of what came after it. */
  #epoch = 0

  /** Number of the next byte that is wanted: `since` for a reconnect. */
  get received(): number {
    return this.#received
  }

  get epoch(): number {
    return this.#epoch
  }

  /** The terminal begins anew, at `seq`. */
  restart(seq: number): void {
    this.#received = seq
    this.#drawn = seq
    this.#acknowledged = seq
    this.#epoch++
  }

  /** After a reconnect the server has forgotten what this client acknowledged. */
  reattached(): void {
    this.#acknowledged = 0
  }

  take(seq: number, bytes: Uint8Array): Piece {
    const end = seq + bytes.length
    if (end <= this.#received) return { kind: 'known' }
    if (seq > this.#received) return { kind: 'gap' }
    const fresh = bytes.subarray(this.#received - seq)
    this.#received = end
    return { kind: 'new', bytes: fresh, end }
  }

  /** Everything below `end` is on the screen. True when that is far enough to tell the server at once. */
  drew(end: number, epoch: number): boolean {
    if (epoch === this.#epoch) this.#drawn = Math.max(this.#drawn, end)
    return this.#drawn - this.#acknowledged >= ackEveryBytes / 2
  }

  /** The number to acknowledge, or null when the server knows it already. */
  acknowledge(): number | null {
    if (this.#drawn <= this.#acknowledged) return null
    this.#acknowledged = this.#drawn
    return this.#drawn
  }
}
