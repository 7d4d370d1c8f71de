import { Readable } from 'node:stream'
import type { FilesRoot } from './root.js'

/** A file as a stream of exactly the bytes that it had when it was opened, or fewer if it shrinks. */
export async function readFile(
  root: FilesRoot,
  path: string,
): Promise<{ content: Readable; sizeBytes: number; modifiedMs: number }> {
  using found = root.find(path, { follow: true })
  const file = await found.read(path)
  const { size, mtimeMs } = await file.stat()
  if (size > 0) {
    return { content: file.createReadStream({ end: size - 1 }), sizeBytes: size, modifiedMs: mtimeMs }
  }
  await file.close()
  return { content: Readable.from([]), sizeBytes: 0, modifiedMs: mtimeMs }
}
