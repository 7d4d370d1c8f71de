import type { Stats } from 'node:fs'
import { readlink } from 'node:fs/promises'
import { RuntimeRefusal } from '../errors.js'
import { place } from './path.js'
import { namesIn } from './remove.js'
import type { FilesRoot, Found } from './root.js'
import { type TarEntry, tarEnd, tarHeader, tarPadding } from './tar.js'
import { tryEnter } from './tree.js'
import { statOf } from './write.js'

/** Each level holds a descriptor. */
const depthMax = 200
const zeros = Buffer.alloc(64 * 1024)

/**
 * A tar of what is in a directory, or of one file, made as it is read. Links are kept as links; pipes, sockets,
 * devices and other file systems are left out; owners are those inside. A file that changes while it is read is
 * cut or filled with zeros to the length it had, as GNU tar does.
 */
export async function* packPath(root: FilesRoot, path: string): AsyncGenerator<Buffer> {
  using found = root.find(path, { follow: true })
  found.refuseForeign(path)
  if (found.stat().isDirectory()) {
    using top = root.directory(path)
    yield* packDirectory(root, top, '', 1)
  } else yield* packFile(root, found, place(path).name)
  yield tarEnd
}

async function* packDirectory(
  root: FilesRoot,
  directory: Found,
  prefix: string,
  depth: number,
): AsyncGenerator<Buffer> {
  if (depth > depthMax) throw new RuntimeRefusal('invalid_request', `${prefix} is too deep for an archive`)
  for await (const name of namesIn(directory)) {
    const stat = await statOf(directory, name)
    if (stat === undefined) continue // it went meanwhile
    const shown = `${prefix}${name}`
    if (stat.isSymbolicLink()) {
      const target = await readlink(directory.path(name), 'utf8')
      yield tarHeader({ ...plainEntry(root, shown, stat), type: 'symlink', target })
    } else if (stat.isDirectory()) {
      using inner = tryEnter(directory, name)
      if (inner === undefined) continue
      yield tarHeader({ ...plainEntry(root, `${shown}/`, stat), type: 'directory' })
      yield* packDirectory(root, inner, `${shown}/`, depth + 1)
    } else if (stat.isFile()) {
      using file = directory.entry(name)
      if (file.stat().isFile()) yield* packFile(root, file, shown)
    }
  }
}

async function* packFile(root: FilesRoot, found: Found, name: string): AsyncGenerator<Buffer> {
  const file = await found.read(name)
  try {
    const stat = await file.stat()
    yield tarHeader({ ...plainEntry(root, name, stat), sizeBytes: stat.size })
    let left = stat.size
    if (left > 0) {
      for await (const chunk of file.createReadStream({ end: left - 1, autoClose: false })) {
        left -= chunk.length
        yield chunk
      }
    }
    for (; left > 0; left -= Math.min(left, zeros.length))
      yield zeros.subarray(0, Math.min(left, zeros.length))
    yield tarPadding(stat.size)
  } finally {
    await file.close()
  }
}

const plainEntry = (root: FilesRoot, name: string, stat: Stats): TarEntry => ({
  ...{ name, type: 'file', sizeBytes: 0, mode: stat.mode & 0o777, modified: stat.mtime, target: '' },
  ...{ uid: root.inside(stat.uid), gid: root.inside(stat.gid) },
})
