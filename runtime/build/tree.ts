import { createHash, type Hash } from 'node:crypto'
import { constants, createReadStream, lstatSync, openSync, readlinkSync, type Stats } from 'node:fs'
import type { Ignored } from '../../protocol/api/dockerignore.js'
import type { PathHandle } from '../files/root.js'
import { badBuild } from './error.js'
import type { Source } from './sources.js'
import type { WalkBudget } from './walk.js'

/** Something in a tree that is copied. */
export interface TreeEntry {
  readonly parent: PathHandle
  readonly name: Buffer
  readonly stat: Stats
  /** Below the root that it comes from. */
  readonly path: string
}

/** Entries of a directory that are not left out, in the order of their names; directories whatever is in them. */
export async function* entriesOf(
  directory: PathHandle,
  path: string,
  ignored: Ignored,
  budget: WalkBudget,
  depth: number,
): AsyncGenerator<TreeEntry & { readonly isIgnored: boolean }> {
  for (const name of await budget.namesIn(directory, depth)) {
    await budget.rest()
    const stat = lstatSync(directory.path(name), { throwIfNoEntry: false })
    if (stat === undefined) continue
    const full = path === '' ? name.toString() : `${path}/${name}`
    const isIgnored = ignored.has(full)
    if (isIgnored && (ignored.whole || !stat.isDirectory())) continue
    yield { parent: directory, name, stat, path: full, isIgnored }
  }
}

/**
 * A digest of what is copied: names, kinds, permissions, contents and links, and nothing of times.
 * @param bytesMax of all files with their holes
 */
export async function digestOfSources(
  sources: readonly Source[],
  ignored: Ignored,
  budget: WalkBudget,
  bytesMax: number,
): Promise<string> {
  const hash = createHash('sha256')
  const digest = new TreeDigest(hash, ignored, budget, bytesMax)
  for (const { path, handle } of sources) {
    const stat = handle.stat()
    // Of a directory its content is copied, whatever its name.
    note(hash, stat.isDirectory() ? 'content' : 'file', path)
    if (stat.isDirectory()) await digest.directory(handle, path, 0)
    else if (stat.isFile()) await digest.file(handle, stat)
  }
  return hash.digest('hex')
}

const note = (hash: Hash, ...words: readonly (string | number)[]) => hash.update(`${JSON.stringify(words)}\n`)

class TreeDigest {
  #bytes = 0

  constructor(
    private readonly hash: Hash,
    private readonly ignored: Ignored,
    private readonly budget: WalkBudget,
    private readonly bytesMax: number,
  ) {}

  async directory(directory: PathHandle, path: string, depth: number): Promise<void> {
    const entries = entriesOf(directory, path, this.ignored, this.budget, depth)
    for await (const { name, stat, path: full, isIgnored } of entries) {
      if (!isIgnored) note(this.hash, name.toString('latin1'), stat.mode, path)
      if (stat.isDirectory()) {
        using below = directory.enter(name)
        await this.directory(below, full, depth + 1)
      } else if (stat.isSymbolicLink()) note(this.hash, readlinkSync(directory.path(name), 'latin1'))
      else if (stat.isFile()) {
        using file = directory.entry(name)
        await this.file(file, stat)
      }
    }
  }

  async file(file: PathHandle, stat: Stats): Promise<void> {
    this.#bytes += stat.size
    if (this.#bytes > this.bytesMax)
      throw badBuild(`what is copied is larger than ${Math.floor(this.bytesMax / 1024 ** 3)} GiB`)
    note(this.hash, stat.mode, stat.size)
    const fd = openSync(file.path(), constants.O_RDONLY | constants.O_NONBLOCK)
    for await (const part of createReadStream('', { fd, highWaterMark: 256 * 1024 })) {
      await this.budget.rest()
      this.hash.update(part)
    }
  }
}
