import type { Readable } from 'node:stream'

/**
 * Reads a stream to its end.
 * @returns undefined when it has more than `max` bytes, and then no more of it is read
 */
export async function wholeOf(content: Readable, max: number): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of content) {
    bytes += chunk.length
    if (bytes > max) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
