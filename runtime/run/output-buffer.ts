import { isUtf8 } from 'node:buffer'
import type { Output } from '../../protocol/api/index.js'

/** The beginning of a stream, and how long it was. */
export class OutputBuffer {
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

/** A stream in pieces that are cut between characters, so that each piece of a text is text. */
export class Pieces {
  #begun: Buffer = Buffer.alloc(0)

  /** @returns what is whole by now; perhaps nothing */
  push(chunk: Buffer): Buffer {
    const bytes = this.#begun.length === 0 ? chunk : Buffer.concat([this.#begun, chunk])
    const whole = bytes.length - begunBytes(bytes)
    this.#begun = bytes.subarray(whole)
    return bytes.subarray(0, whole)
  }

  /** @returns what the stream has ended with in the middle of */
  rest(): Buffer {
    return this.#begun
  }
}

/** How many bytes at the end are the beginning of a character in UTF-8. */
function begunBytes(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes.readUInt8(bytes.length - back)
    if (byte >> 6 === 0b10) continue // it goes on
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1
    return length > back ? back : 0
  }
  return 0
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
