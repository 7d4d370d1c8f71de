import type { Readable } from 'node:stream'
import { OutboundFailed } from './http.js'

/** Slower than this a host is taken for one that holds us up. */
const [slowMs, slowBytes] = [30_000, 32_768]

/** A body that is not slower than one that anybody could wait for. */
export async function* steady(body: Readable): AsyncGenerator<Buffer> {
  let [bytes, since] = [0, Date.now()]
  // One that is silent is ended by its own time.
  for await (const chunk of body) {
    const part: Buffer = chunk
    bytes += part.length
    if (Date.now() - since >= slowMs) {
      if (bytes < slowBytes)
        throw new OutboundFailed(`less than ${slowBytes} bytes came in ${slowMs / 1000} s`)
      bytes = 0
      since = Date.now()
    }
    yield part
  }
}

/**
 * An answer that is held as a whole.
 * @throws TooLong; OutboundFailed when it comes too slowly
 */
export async function wholeOf(body: Readable, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of steady(body)) {
    bytes += part.length
    if (bytes > bytesMax) {
      body.destroy()
      throw new TooLong(bytesMax)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}

/** Another try would give the same. */
export class TooLong extends Error {
  override readonly name = 'TooLong'
  constructor(bytesMax: number) {
    super(`the answer is longer than ${bytesMax} bytes`)
  }
}
