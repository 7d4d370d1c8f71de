import type { SharedText } from './shared-text'

/** Where somebody's cursor is, and where their selection began. */
export interface Place {
  readonly anchor: number
  readonly head: number
}

/** A place in a form that stays right while others type before it; nothing where the cursor is not in the text. */
export function bytesOfPlace(text: SharedText, place: Place | null): Uint8Array {
  const [anchor, head] = place ? [text.place(place.anchor), text.place(place.head)] : []
  return anchor && head ? new Uint8Array([anchor.length, ...anchor, ...head]) : new Uint8Array()
}

/** The same as it is now; null for what is no place of the text. */
export function placeIn(text: SharedText, bytes: Uint8Array): Place | null {
  if (bytes.length === 0) return null
  const half = 1 + (bytes[0] ?? 0)
  try {
    const anchor = text.indexOf(bytes.slice(1, half))
    const head = text.indexOf(bytes.slice(half))
    return anchor === null || head === null ? null : { anchor, head }
  } catch {
    return null
  }
}
