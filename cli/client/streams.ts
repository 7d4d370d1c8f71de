import { chmod, rename, rm, writeFile } from 'node:fs/promises'
import { ConnectionFailed } from '../../sdk/index.js'

/** Chunks as the SDK takes them. */
export function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

/** Chunks as the SDK gives them. @throws ConnectionFailed when the connection breaks */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value
  } catch (error) {
    throw error instanceof TypeError
      ? new ConnectionFailed('the line broke while the file came', error)
      : error
  } finally {
    await reader.cancel().catch(() => {}) // it broke, and that was said
  }
}

/** A whole file, or none: it takes its name when all has arrived. */
export async function writeLocal(
  path: string,
  content: AsyncIterable<Uint8Array>,
  mode: number,
): Promise<void> {
  const fresh = `${path}.${process.pid}.part`
  try {
    await writeFile(fresh, content, { mode, flag: 'wx' })
    await chmod(fresh, mode)
    await rename(fresh, path)
  } finally {
    await rm(fresh, { force: true })
  }
}
