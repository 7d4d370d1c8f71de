import {
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readlinkSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { copyFile } from 'node:fs/promises'
import { shownName } from '../../common/tar/format.js'
import type { Ignored } from '../../protocol/api/dockerignore.js'
import { codeOf } from '../files/refusal.js'
import type { FilesRoot, PathHandle } from '../files/root.js'
import { allowedCapabilities } from '../image/capabilities.js'
import { getXattr, setModified, setXattr, userXattrs } from '../linux/attributes.js'
import { badBuild } from './error.js'
import type { Source } from './sources.js'
import { entriesOf } from './tree.js'
import type { WalkBudget } from './walk.js'

/** How copies are made. */
export interface CopyOptions {
  /** Whose everything is; null: as it was. */
  readonly owner: { readonly uid: number; readonly gid: number } | null
  readonly mode: number | null
  readonly ignored: Ignored
  readonly line: number
}

/**
 * Copies files into a root that nobody else writes to. The way to the target is found as inside it: a link leads to where it
 * would lead there, and never out. What stands at the place of a file gives way, but for a directory.
 *
 * @param target absolute; with a slash at its end it is a directory
 * @throws RuntimeRefusal `invalid_request`
 */
export async function copySources(
  sources: readonly Source[],
  root: FilesRoot,
  target: string,
  options: CopyOptions,
  budget: WalkBudget,
): Promise<void> {
  const copying = new Copying(root, options, budget)
  for (const { path, handle } of sources) {
    const stat = handle.stat()
    if (stat.isDirectory()) {
      const isNew = !isDirectory(root, target)
      using directory = copying.made(target)
      if (isNew) copying.describe(directory.path(), stat)
      await copying.content(handle, path, directory, 0)
      continue
    }
    if (!stat.isFile()) throw badBuild(`${path} is no file and no directory`, options.line)
    const into = target.endsWith('/') || isDirectory(root, target)
    const name = into ? path.slice(path.lastIndexOf('/') + 1) : target.slice(target.lastIndexOf('/') + 1)
    using directory = copying.made(into ? target : target.slice(0, target.lastIndexOf('/') + 1))
    await copying.file(handle, stat, directory, Buffer.from(name))
  }
}

function isDirectory(root: FilesRoot, path: string): boolean {
  try {
    using _ = root.directory(path)
    return true
  } catch {
    return false // it will be made, or what is wrong with it is seen then
  }
}

class Copying {
  constructor(
    private readonly root: FilesRoot,
    private readonly options: CopyOptions,
    private readonly budget: WalkBudget,
  ) {}

  /** A directory of the target, which is made with its parents where it is missing. */
  made(path: string): PathHandle {
    const owner = this.options.owner ?? { uid: 0, gid: 0 }
    return makeDirectories(this.root, path, owner, this.options.line)
  }

  async content(from: PathHandle, path: string, to: PathHandle, depth: number): Promise<void> {
    const entries = entriesOf(from, path, this.options.ignored, this.budget, depth)
    for await (const { name, stat, path: full, isIgnored } of entries) {
      if (stat.isDirectory()) await this.#directory(from, name, stat, full, to, isIgnored, depth)
      else if (stat.isSymbolicLink()) this.#link(from, name, stat, to)
      else if (stat.isFile()) {
        using file = from.entry(name)
        await this.file(file, stat, to, name)
      }
      // Sockets and pipes are somebody's who runs, and nobody does.
    }
  }

  async #directory(
    from: PathHandle,
    name: Buffer,
    stat: Stats,
    path: string,
    to: PathHandle,
    isIgnored: boolean,
    depth: number,
  ): Promise<void> {
    using below = from.enter(name)
    // One that is left out comes with the first of its files that is not.
    if (isIgnored && !(await hasWanted(below, path, this.options.ignored, this.budget, depth))) return
    using target = this.#enterMade(to, name)
    this.describe(target.path(), stat)
    await this.content(below, path, target, depth + 1)
    setModified(target.fd, '.', BigInt(Math.floor(stat.mtimeMs)) * 1_000_000n)
  }

  #enterMade(to: PathHandle, name: Buffer): PathHandle {
    const found = lstatSync(to.path(name), { throwIfNoEntry: false })
    if (found === undefined) mkdirSync(to.path(name), 0o755)
    else if (found.isSymbolicLink()) return this.#followed(to, name)
    else if (!found.isDirectory())
      throw badBuild(
        `a directory cannot take the place of ${shownName(name)}, which is none`,
        this.options.line,
      )
    return to.enter(name)
  }

  /** Where a link of the target leads, as inside. */
  #followed(to: PathHandle, name: Buffer): PathHandle {
    const own = readlinkSync(to.path(), 'buffer')
    const top = readlinkSync(`/proc/self/fd/${this.root.fd}`, 'buffer')
    const inside = own.subarray(top.length)
    try {
      return this.root.directory(Buffer.concat([Buffer.from('/'), inside, Buffer.from('/'), name]))
    } catch (error) {
      if (codeOf(error) === undefined) throw error
      throw badBuild(`a directory cannot take the place of the link ${shownName(name)}`, this.options.line)
    }
  }

  #link(from: PathHandle, name: Buffer, stat: Stats, to: PathHandle): void {
    this.#clear(to, name)
    symlinkSync(readlinkSync(from.path(name), 'buffer'), to.path(name))
    const { uid, gid } = this.options.owner ?? stat
    lchownSync(to.path(name), uid, gid)
    setModified(to.fd, name, BigInt(Math.floor(stat.mtimeMs)) * 1_000_000n)
  }

  async file(from: PathHandle, stat: Stats, to: PathHandle, name: Buffer): Promise<void> {
    this.budget.takeBytes(stat.size)
    this.#clear(to, name)
    const file = to.create(name)
    try {
      // Shared where the file system can: nothing is copied then.
      await copyFile(from.path(), `/proc/self/fd/${file}`, constants.COPYFILE_FICLONE)
      const { uid, gid } = this.options.owner ?? stat
      fchownSync(file, uid, gid)
      for (const [attribute, value] of userXattrs(from.path())) setXattr(file, attribute, value)
      const stated = getXattr(from.path(), 'security.capability')
      const capability = stated === undefined ? undefined : allowedCapabilities(stated)
      if (capability !== undefined) setXattr(file, 'security.capability', capability)
      // After its owner, which takes set-uid bits away.
      fchmodSync(file, this.options.mode ?? stat.mode & 0o7777)
      setModified(file, null, BigInt(Math.floor(stat.mtimeMs)) * 1_000_000n)
    } finally {
      closeSync(file)
    }
  }

  describe(path: Buffer, stat: Stats): void {
    const { uid, gid } = this.options.owner ?? stat
    chownSync(path, uid, gid)
    chmodSync(path, this.options.mode ?? stat.mode & 0o7777)
  }

  #clear(parent: PathHandle, name: Buffer): void {
    const found = lstatSync(parent.path(name), { throwIfNoEntry: false })
    if (found === undefined) return
    if (found.isDirectory())
      throw badBuild(`a file cannot take the place of the directory ${shownName(name)}`, this.options.line)
    unlinkSync(parent.path(name))
  }
}

async function hasWanted(
  directory: PathHandle,
  path: string,
  ignored: Ignored,
  budget: WalkBudget,
  depth: number,
): Promise<boolean> {
  const entries = entriesOf(directory, path, ignored, budget, depth)
  for await (const { name, stat, path: full, isIgnored } of entries) {
    if (!isIgnored) return true
    if (!stat.isDirectory()) continue
    using below = directory.enter(name)
    if (await hasWanted(below, full, ignored, budget, depth + 1)) return true
  }
  return false
}

/** A directory at a path as it is inside, made with its parents where it is missing. */
export function makeDirectories(
  root: FilesRoot,
  path: string,
  owner: { readonly uid: number; readonly gid: number },
  line: number,
): PathHandle {
  const steps = path.split('/').filter(Boolean)
  let at = '/'
  let handle = root.directory('/')
  for (const step of steps) {
    at = `${at}${step}/`
    using parent = handle
    try {
      handle = root.directory(at)
    } catch (error) {
      const name = Buffer.from(step)
      const found = lstatSync(parent.path(name), { throwIfNoEntry: false })
      if (found !== undefined || codeOf(error) !== 'ENOENT')
        throw badBuild(`${at.slice(0, -1)} is no directory`, line)
      mkdirSync(parent.path(name), 0o755)
      lchownSync(parent.path(name), owner.uid, owner.gid)
      handle = parent.enter(name)
    }
  }
  return handle
}
