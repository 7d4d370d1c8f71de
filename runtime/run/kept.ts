import { isUtf8 } from 'node:buffer'
import type { Output } from '../../protocol/index.js'

/** The beginning of a stream, and how long it was. */
export class Kept {
  readonly #chunks: Buffer[] = []
  #kept = 0
  bytes = 0

  /** @param room bytes that may still be kept */
  push(chunk: Buffer, room: number): void {
    this.bytes += chunk.length
    const part = chunk.subarray(0, Math.max(0, room))
    if (part.length === 0) return
    this.#chunks.push(part)
    this.#kept += part.length
  }

  get kept(): number {
    return this.#kept
  }

  content(): Buffer {
    return Buffer.concat(this.#chunks)
  }

  /** @param room bytes of it that the answer may hold */
  output(room: number): Output {
    const content = this.content().subarray(0, Math.max(0, room))
    const truncated = this.bytes > content.length
    return { ...encode(content, truncated), bytes: this.bytes, truncated }
  }
}

/**
 * Bytes as text where they are text. NUL counts as none: PostgreSQL's JSON cannot hold it.
 * @param cut a character that was cut at the end is left out rather than making it all base64
 */
export function encode(bytes: Buffer, cut = false): Pick<Output, 'content' | 'encoding'> {
  for (let spare = 0; spare <= (cut ? 3 : 0); spare++) {
    const text = bytes.subarray(0, bytes.length - spare)
    if (isUtf8(text) && !text.includes(0)) return { content: text.toString('utf8'), encoding: 'utf8' }
  }
  return { content: bytes.toString('base64'), encoding: 'base64' }
}
