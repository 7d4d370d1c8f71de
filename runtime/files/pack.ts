import {
  type BigIntStats,
  closeSync,
  type Dir,
  fstatSync,
  lstatSync,
  opendirSync,
  readlinkSync,
  readSync,
} from 'node:fs'
import { type Extent, shownName, type TarType } from '../../common/tar/format.js'
import { tarEnd, tarHeader, tarPadding, type WrittenEntry } from '../../common/tar/write.js'
import { RuntimeRefusal } from '../errors.js'
import { extentsOf, userXattrs } from '../linux/attributes.js'
import { identityOf } from './directories.js'
import { place } from './path.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, PathHandle } from './root.js'
import { tryEnter } from './tree.js'

/** Each open directory holds descriptors; those farther up are opened again on the way back. */
const openMax = 64
/** Names of directories farther up, which are held in memory meanwhile. */
const heldNamesMax = 1_000_000
/** Files with several names that are remembered until all their names have come. Beyond, they become copies. */
const linkedMax = 200_000
const chunkBytes = 128 * 1024
/** Smaller holes are not worth a map. */
const holeBytesMin = 64 * 1024
const noBytes = Buffer.alloc(0)
/** Entries after which somebody else may take a turn, also when none of them is packed. */
const seenMax = 2000
const zeros = Buffer.alloc(64 * 1024)

interface Level {
  /** With a slash at the end; nothing for the top. */
  readonly prefix: Buffer
  readonly identity: string
  found: PathHandle | undefined
  names: Dir | Name[]
}

interface Name {
  readonly name: Buffer
  /** As the directory itself says; false where it does not say. Most entries are files, and need one call less then. */
  readonly isFile: boolean
}

/**
 * A tar of what is in a directory, or of one file, made as it is read, however deep it is. Links are kept as links,
 * files with several names as hard links, holes as holes, with the attributes of users; sockets, devices and other
 * file systems are left out; owners are those inside. A file that changes while it is read is cut or filled with
 * zeros to the length it had, as GNU tar does.
 *
 * @param options `top`: the directory itself comes first, as `./`; `handIn`: names of directories of which only the name comes. Sockets
 *   and devices come as pipes then, so that whoever reads it can say what is missing
 *
 * Its calls to the kernel block, and there are many for each entry: it belongs into a thread of its own (`thread.ts`).
 */
export function* packPath(
  root: FilesRoot,
  path: string | Buffer,
  options: PackOptions = {},
): Generator<Buffer> {
  const { top = false, handIn = null } = options
  using found = root.find(path, { follow: true })
  found.refuseForeign(String(path))
  const packer = new Packer(root, userXattrs, handIn && new Set(handIn))
  if (found.stat().isDirectory()) yield* packer.directory(root.directory(path), top)
  else {
    const { name } = place(path)
    yield* packer.file(found.openRegular(String(path)), name)
  }
  yield* packer.flush(tarEnd)
}

interface PackOptions {
  readonly top?: boolean
  readonly handIn?: readonly string[] | null
}

/** A tar with one entry: what is at a path, which is no directory and not followed if it is a link, under another name. */
export function* packEntry(root: FilesRoot, path: string | Buffer, as: Buffer): Generator<Buffer> {
  const { directory, name } = place(path)
  using parent = root.directory(directory)
  parent.refuseForeign(String(path))
  const packer = new Packer(root)
  yield* packer.other(parent, name, as, lstatSync(parent.path(name), { bigint: true }))
  yield* packer.flush(tarEnd)
}

/** Writes entries of an archive one by one. */
export class Packer {
  readonly #links = new Map<string, { name: Buffer; left: number }>()
  #chunks: Buffer[] = []
  #bytes = 0
  #heldNames = 0
  #seen = 0

  constructor(
    private readonly root: Pick<FilesRoot, 'inside'>,
    private readonly xattrsOf: (file: number | Buffer) => ReadonlyMap<string, Buffer> = userXattrs,
    /** Directories of which only the name is packed. */
    private readonly namesOnly: ReadonlySet<string> | null = null,
  ) {}

  /** @param top is closed at the end */
  *directory(top: PathHandle, itself: boolean): Generator<Buffer> {
    const levels: Level[] = [level(top, noBytes)]
    try {
      if (itself) {
        const xattrs = this.xattrsOf(top.path())
        yield* this.push(tarHeader(this.entry('directory', Buffer.from('./'), top.exactStat(), { xattrs })))
      }
      for (let last = levels[0]; last !== undefined; last = levels.at(-1)) {
        if (++this.#seen % seenMax === 0) yield noBytes // others take their turn
        const next = nextName(last)
        if (next === undefined) {
          close(levels)
          continue
        }
        const { name, isFile } = next
        const { found, prefix } = last
        if (found === undefined) throw new Error('the last directory is always open')
        const shown = Buffer.concat([prefix, name])
        if (isFile) {
          yield* this.#fileIn(found, name, shown)
          continue
        }
        const stat = lstatSync(found.path(name), { bigint: true, throwIfNoEntry: false })
        if (stat === undefined) continue // it went meanwhile
        if (stat.isDirectory()) {
          const inner = tryEnter(found, name)
          if (inner === undefined) continue
          const inside = Buffer.concat([shown, Buffer.from('/')])
          if (this.namesOnly?.has(name.toString('latin1'))) {
            inner[Symbol.dispose]()
            yield* this.push(tarHeader(this.entry('directory', inside, stat, {})))
            continue
          }
          levels.push(level(inner, inside))
          const xattrs = this.xattrsOf(inner.path())
          yield* this.push(tarHeader(this.entry('directory', inside, stat, { xattrs })))
          this.#closeOld(levels)
        } else yield* this.other(found, name, shown, stat)
      }
    } finally {
      while (levels.length > 0) closeLast(levels)
    }
  }

  *#fileIn(directory: PathHandle, name: Buffer, shown: Buffer): Generator<Buffer> {
    const fd = unlessGone(() => directory.openFile(name))
    if (fd !== undefined) yield* this.file(fd, shown, true)
  }

  /**
   * @param fd is closed
   * @param linked it may have come already under another name
   */
  *file(fd: number, name: Buffer, linked = false): Generator<Buffer> {
    try {
      const stat = fstatSync(fd, { bigint: true })
      if (!stat.isFile()) return // swapped meanwhile
      const first = linked && stat.nlink > 1n ? this.#firstName(stat, name) : undefined
      if (first !== undefined) {
        yield* this.push(tarHeader(this.entry('link', name, stat, { target: first })))
        return
      }
      const sizeBytes = Number(stat.size)
      const holes = sizeBytes - Number(stat.blocks) * 512 >= holeBytesMin
      const extents = holes ? { extents: extentsOf(fd, sizeBytes) } : {}
      yield* this.push(
        tarHeader(this.entry('file', name, stat, { sizeBytes, xattrs: this.xattrsOf(fd), ...extents })),
      )
      let stored = 0
      for (const extent of extents.extents ?? [{ at: 0, bytes: sizeBytes }]) {
        yield* this.#content(fd, extent)
        stored += extent.bytes
      }
      yield* this.push(tarPadding(stored))
    } finally {
      closeSync(fd)
    }
  }

  /** What is still held back, and then `last`. */
  *flush(last: Buffer): Generator<Buffer> {
    yield Buffer.concat([...this.#chunks, last])
    this.#chunks = []
    this.#bytes = 0
  }

  *other(directory: PathHandle, name: Buffer, shown: Buffer, stat: BigIntStats): Generator<Buffer> {
    if (stat.isFile()) return yield* this.#fileIn(directory, name, shown)
    const isNamed = stat.isFIFO() || this.namesOnly !== null
    const type = stat.isSymbolicLink() ? 'symlink' : isNamed ? 'pipe' : undefined
    if (type === undefined) return
    const first = stat.nlink > 1n ? this.#firstName(stat, shown) : undefined
    if (first !== undefined) {
      yield* this.push(tarHeader(this.entry('link', shown, stat, { target: first })))
    } else {
      const target = type === 'symlink' ? tryReadlink(directory, name) : noBytes
      if (target !== undefined) yield* this.push(tarHeader(this.entry(type, shown, stat, { target })))
    }
  }

  /** The name under which a file has come already. */
  #firstName(stat: BigIntStats, shown: Buffer): Buffer | undefined {
    const key = keyOf(stat)
    const known = this.#links.get(key)
    if (known === undefined) {
      if (this.#links.size < linkedMax) this.#links.set(key, { name: shown, left: Number(stat.nlink) - 1 })
      return undefined
    }
    known.left--
    if (known.left <= 0) this.#links.delete(key)
    return known.name
  }

  *#content(fd: number, { at, bytes }: Extent): Generator<Buffer> {
    for (let done = 0; done < bytes; ) {
      const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, bytes - done))
      const read = readSync(fd, chunk, 0, chunk.length, at + done)
      if (read === 0) {
        for (; done < bytes; done += Math.min(zeros.length, bytes - done)) {
          yield* this.push(zeros.subarray(0, bytes - done))
        }
        return
      }
      done += read
      yield* this.push(chunk.subarray(0, read))
    }
  }

  *push(bytes: Buffer): Generator<Buffer> {
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    if (this.#bytes >= chunkBytes) yield* this.flush(noBytes)
  }

  entry(type: TarType, name: Buffer, stat: BigIntStats, more: Partial<WrittenEntry>): WrittenEntry {
    return {
      ...{ type, name, target: noBytes, sizeBytes: 0, xattrs: new Map(), modifiedNs: stat.mtimeNs },
      ...{ mode: Number(stat.mode) & 0o7777 },
      ...{ uid: this.root.inside(Number(stat.uid)), gid: this.root.inside(Number(stat.gid)) },
      ...more,
    }
  }

  /** Keeps the descriptors few: of a directory far up the names that are left are read, and it is closed. */
  #closeOld(levels: Level[]): void {
    const old = levels[levels.length - 1 - openMax]
    if (old === undefined || Array.isArray(old.names)) return
    const names: Name[] = []
    for (let name = readName(old.names); name !== undefined; name = readName(old.names)) {
      names.push(name)
      if (++this.#heldNames > heldNamesMax) {
        throw new RuntimeRefusal('invalid_request', 'too many names in deep directories for an archive')
      }
    }
    old.names.closeSync()
    old.names = names.reverse()
    old.found?.[Symbol.dispose]()
    old.found = undefined
  }
}

const level = (found: PathHandle, prefix: Buffer): Level => ({
  ...{ prefix, found, identity: identityOf(found) },
  // Node types a name as a string whatever the encoding; `latin1` keeps each byte of it.
  names: opendirSync(found.path(), { encoding: 'latin1', bufferSize: 256 }),
})

function readName(names: Dir): Name | undefined {
  const entry = names.readSync()
  return entry === null ? undefined : { name: Buffer.from(entry.name, 'latin1'), isFile: entry.isFile() }
}

const keyOf = ({ dev, ino }: BigIntStats) => `${dev}:${ino}`

const nextName = ({ names }: Level) => (Array.isArray(names) ? names.pop() : readName(names))

/** Leaves the last directory; the one above is opened again if it was closed. */
function close(levels: Level[]): void {
  const [above, last] = [levels.at(-2), levels.at(-1)]
  if (above !== undefined && above.found === undefined && last?.found !== undefined) {
    above.found = last.found.parent()
    if (identityOf(above.found) !== above.identity) {
      throw new RuntimeRefusal('conflict', `${shownName(last.prefix)} was moved while it was read`)
    }
  }
  closeLast(levels)
}

function closeLast(levels: Level[]): void {
  const last = levels.pop()
  last?.found?.[Symbol.dispose]()
  if (last !== undefined && !Array.isArray(last.names)) last.names.closeSync()
}

const tryReadlink = (directory: PathHandle, name: Buffer): Buffer | undefined =>
  unlessGone(() => readlinkSync(directory.path(name), { encoding: 'buffer' }))

/** Undefined for what went, or was swapped for something else, meanwhile. */
function unlessGone<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (['ENOENT', 'ELOOP', 'EINVAL', 'EXDEV', 'ENXIO', 'ENOTDIR', 'EISDIR'].includes(codeOf(error) ?? '')) {
      return undefined
    }
    throw error
  }
}
