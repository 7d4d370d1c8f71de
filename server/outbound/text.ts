import type { Readable } from 'node:stream'

/**
 * An answer that is held as a whole.
 * @throws Error when it is longer than that
 */
export async function wholeOf(body: Readable, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    const part: Buffer = chunk
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
