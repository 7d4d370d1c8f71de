import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from 'node:fs'
import type { TarType } from '../../common/tar/format.js'
import { tarEnd, tarHeader, tarPadding, type WrittenEntry } from '../../common/tar/write.js'

/** Told of what is not in the archive, or not as it was, and why. */
export type LeftOut = (path: Buffer, why: string) => void

const chunkBytes = 128 * 1024
const noBytes = Buffer.alloc(0)
const slash = Buffer.from('/')
const noXattrs: ReadonlyMap<string, Buffer> = new Map()

/**
 * A tar of what is in a local directory, with the directory itself as `./`, made as it is read. Links are kept as
 * links, files with several names as hard links. What cannot be read, went meanwhile, or is a socket or a device is
 * left out, and said to be, as GNU tar does; a file that shrinks while it is read is filled up with zeros.
 *
 * @param isLeftOut of paths below the directory, without a word
 */
export function* packDirectory(
  directory: string,
  leftOut: LeftOut,
  isLeftOut: (path: string, isDirectory: boolean) => boolean = () => false,
): Generator<Uint8Array> {
  const top = Buffer.from(directory)
  const links = new Map<string, Buffer>()
  yield tarHeader(entryOf('directory', Buffer.from('./'), lstatSync(join(top, Buffer.from('.'))), {}))
  /** Directories yet to be read, the next one last: a deep tree is no deep recursion. */
  const pending = [{ path: top, prefix: noBytes }]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, prefix } = next
    const names = attempt(() => readdirSync(path, { encoding: 'buffer' }), path, leftOut) ?? []
    const below: typeof pending = []
    for (const name of names.sort(Buffer.compare)) {
      const [own, shown] = [join(path, name), Buffer.concat([prefix, name])]
      const stat = attempt(() => lstatSync(own), own, leftOut)
      if (stat === undefined || isLeftOut(shown.toString(), stat.isDirectory())) continue
      const first = stat.nlink > 1 && !stat.isDirectory() ? links.get(`${stat.dev}:${stat.ino}`) : undefined
      if (first !== undefined) {
        yield tarHeader(entryOf('link', shown, stat, { target: first }))
        continue
      }
      if (stat.isDirectory()) {
        const inside = Buffer.concat([shown, slash])
        yield tarHeader(entryOf('directory', inside, stat, {}))
        below.push({ path: own, prefix: inside })
        continue
      }
      if (!(yield* packOther(own, shown, stat, leftOut))) continue
      if (stat.nlink > 1) links.set(`${stat.dev}:${stat.ino}`, shown)
    }
    pending.push(...below.reverse())
  }
  yield tarEnd
}

/** @returns whether it is in the archive */
function* packOther(
  path: Buffer,
  shown: Buffer,
  stat: Stats,
  leftOut: LeftOut,
): Generator<Uint8Array, boolean> {
  if (stat.isFile()) {
    const fd = attempt(() => openSync(path, 'r'), path, leftOut)
    if (fd === undefined) return false
    try {
      yield* packFile(fd, path, shown, leftOut)
      return true
    } finally {
      closeSync(fd)
    }
  }
  if (stat.isSymbolicLink()) {
    const target = attempt(() => readlinkSync(path, { encoding: 'buffer' }), path, leftOut)
    if (target === undefined) return false
    yield tarHeader(entryOf('symlink', shown, stat, { target }))
    return true
  }
  if (stat.isFIFO()) {
    yield tarHeader(entryOf('pipe', shown, stat, {}))
    return true
  }
  leftOut(path, stat.isSocket() ? 'it is a socket' : 'it is a device')
  return false
}

function* packFile(fd: number, path: Buffer, shown: Buffer, leftOut: LeftOut): Generator<Uint8Array> {
  const stat = fstatSync(fd)
  yield tarHeader(entryOf('file', shown, stat, { sizeBytes: stat.size }))
  let left = stat.size
  while (left > 0) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, left))
    const read = attempt(() => readSync(fd, chunk), path, leftOut) ?? 0
    if (read === 0) break
    left -= read
    yield chunk.subarray(0, read)
  }
  if (left > 0)
    leftOut(path, `it became shorter while it was read, or broke off: ${left} bytes are zeros now`)
  for (; left > 0; left -= Math.min(left, chunkBytes)) yield Buffer.alloc(Math.min(left, chunkBytes))
  yield tarPadding(stat.size)
}

function entryOf(type: TarType, name: Buffer, stat: Stats, more: Partial<WrittenEntry>): WrittenEntry {
  return {
    ...{ type, name, target: noBytes, sizeBytes: 0, xattrs: noXattrs, uid: 0, gid: 0 },
    ...{ mode: stat.mode & 0o7777, modifiedNs: BigInt(Math.round(stat.mtimeMs * 1000)) * 1000n },
    ...more,
  }
}

const join = (directory: Buffer, name: Buffer) => Buffer.concat([directory, slash, name])

/** What the local system refuses is left out. */
function attempt<T>(act: () => T, path: Buffer, leftOut: LeftOut): T | undefined {
  try {
    return act()
  } catch (error) {
    if (!(error instanceof Error) || !('syscall' in error)) throw error
    leftOut(path, 'code' in error && error.code === 'ENOENT' ? 'it is gone' : error.message)
    return undefined
  }
}
