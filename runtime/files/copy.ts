import { packPath } from './pack.js'
import type { FilesRoot } from './root.js'
import { unpackInto } from './unpack.js'

/** Copies a directory of the sandbox to another path, with all that an archive keeps. */
export function copyTree(root: FilesRoot, from: string, to: string): Promise<void> {
  return unpackInto(root, to, parts(root, from))
}

async function* parts(root: FilesRoot, from: string): AsyncGenerator<Buffer> {
  for (const part of packPath(root, from, { top: true })) {
    yield part
    await new Promise(setImmediate) // other archives take their turn
  }
}
