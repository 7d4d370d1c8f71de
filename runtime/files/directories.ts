import { createHash } from 'node:crypto'
import { chmodSync, lchownSync, mkdirSync } from 'node:fs'
import { shownName, type TarEntry, TarError } from '../../common/tar/format.js'
import { RuntimeRefusal } from '../errors.js'
import { setModified, setXattr } from '../linux/attributes.js'
import { makeAsOwnerOf } from './make.js'
import { type Owner, ownerIn } from './owner.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, PathHandle } from './root.js'

/** Each open directory holds a descriptor; those farther up are opened again on the way back. */
const openMax = 64
/** Directories that are left and may be entered again keep their times; so many are remembered. */
const leftMax = 65_536

interface Level {
  readonly name: Buffer
  /** Of its path, however long. */
  readonly key: string
  found: PathHandle | undefined
  readonly identity: string
  readonly owner: Owner
  /** What the archive says of it; set when it is left, since what is made in it changes its time. */
  entry: TarEntry | undefined
  /** The time to give back. */
  modifiedNs: bigint | undefined
}

/**
 * The directories from the one that an archive is unpacked into down to where its present entry lies, held by
 * descriptors, however deep. What the archive says of a directory is set when it is left.
 */
export class DirectoryStack implements Disposable {
  readonly #levels: Level[] = []
  readonly #left = new Set<string>()

  /** @param top stays its owner's */
  constructor(
    private readonly root: FilesRoot,
    top: PathHandle,
  ) {
    this.#levels.push(this.#level(Buffer.alloc(0), top))
  }

  get directory(): PathHandle {
    return this.#open(this.#levels.length - 1)
  }

  /** Of what is made in the present directory. */
  get owner(): Owner {
    return this.#last.owner
  }

  /** Goes to the directory that is `steps` below the top, and makes what is missing on the way. */
  go(steps: readonly Buffer[]): void {
    let same = 0
    while (same < steps.length && same + 1 < this.#levels.length && this.#isStep(same, steps)) same++
    while (this.#levels.length > same + 1) this.#leave()
    for (const name of steps.slice(same)) this.#enter(name)
  }

  /** The present directory is this entry of the archive. */
  describe(entry: TarEntry): void {
    this.#last.entry = entry
  }

  /** Leaves all of them, the top as well. */
  finish(): void {
    while (this.#levels.length > 0) this.#leave()
  }

  [Symbol.dispose](): void {
    try {
      this.finish()
    } catch {
      // Only after another error, which is the one to tell.
    } finally {
      for (const { found } of this.#levels.slice(1)) found?.[Symbol.dispose]()
    }
  }

  get #last(): Level {
    const last = this.#levels.at(-1)
    if (last === undefined) throw new Error('no directory is open')
    return last
  }

  #isStep(index: number, steps: readonly Buffer[]): boolean {
    const [level, step] = [this.#levels[index + 1], steps[index]]
    return level !== undefined && step !== undefined && level.name.equals(step)
  }

  #enter(name: Buffer): void {
    const parent = this.directory
    const level = this.#level(name, enterOrMake(parent, name, this.owner))
    this.#levels.push(level)
    if (this.#left.has(level.key)) level.modifiedNs = level.found?.exactStat().mtimeNs
    const old = this.#levels.length - openMax
    if (old <= 0) return // the top is somebody else's to close
    this.#levels[old]?.found?.[Symbol.dispose]()
    const closed = this.#levels[old]
    if (closed !== undefined) closed.found = undefined
  }

  #leave(): void {
    const index = this.#levels.length - 1
    const level = this.#last
    const found = this.#open(index)
    // Opened before this one is closed: the way up leads through it.
    if (index > 1) this.#open(index - 1, found)
    this.#levels.pop()
    try {
      if (level.entry !== undefined) applyTo(found, level.entry)
      const modifiedNs = level.entry?.modifiedNs ?? level.modifiedNs
      if (modifiedNs === undefined) return
      setModified(found.fd, '.', modifiedNs)
      if (this.#left.size < leftMax) this.#left.add(level.key)
    } finally {
      if (index > 0) found[Symbol.dispose]()
    }
  }

  #open(index: number, below?: PathHandle): PathHandle {
    const level = this.#levels[index]
    if (level === undefined) throw new Error('no directory is open')
    if (level.found !== undefined) return level.found
    const child = below ?? this.#open(index + 1)
    const found = child.parent()
    if (identityOf(found) !== level.identity) {
      found[Symbol.dispose]()
      throw new RuntimeRefusal('conflict', 'a directory was moved meanwhile')
    }
    level.found = found
    return found
  }

  #level(name: Buffer, found: PathHandle): Level {
    const owner = ownerIn(this.root, found.stat())
    const key = createHash('sha1')
      .update(this.#levels.at(-1)?.key ?? '')
      .update(name)
      .digest('base64')
    return { name, key, found, owner, identity: identityOf(found), entry: undefined, modifiedNs: undefined }
  }
}

/** What stays the same of a directory wherever it is moved. */
export function identityOf(found: PathHandle): string {
  const { dev, ino } = found.exactStat()
  return `${dev}:${ino}`
}

function enterOrMake(parent: PathHandle, name: Buffer, owner: Owner): PathHandle {
  try {
    return parent.enter(name)
  } catch (error) {
    const code = codeOf(error) ?? ''
    if (['ENOTDIR', 'ELOOP', 'EXDEV'].includes(code)) {
      throw new TarError(`${shownName(name)} is in the way: a file, a link or another file system`)
    }
    if (code !== 'ENOENT') throw error
  }
  try {
    makeAsOwnerOf(parent.stat(), () => mkdirSync(parent.path(name), 0o755))
    lchownSync(parent.path(name), owner.uid, owner.gid)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  return parent.enter(name)
}

/** Through its descriptor: a name could be somebody's link by now. */
function applyTo(found: PathHandle, { mode, xattrs }: TarEntry): void {
  for (const [name, value] of xattrs) setXattr(found.path(), name, value)
  chmodSync(found.path(), mode)
}
