import { constants, lstatSync, openSync, type Stats } from 'node:fs'
import { opendir } from 'node:fs/promises'
import { join } from 'node:path'
import type { DiskChange, DiskChanges } from '../../protocol/api/index.js'
import { pathText } from '../../protocol/api/index.js'
import { PathHandle } from '../files/root.js'
import { getXattr } from '../linux/attributes.js'
import { SyscallError } from '../linux/libc.js'
import { type NodeContext, volumeOf } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'

/** Entries that are looked at for one answer, and directories below one another: a tenant decides how many there are. */
const [maxEntries, maxDepth] = [200_000, 128]

/**
 * What a sandbox's disk has that its template has not, by what overlayfs wrote: a file that was changed and changed back
 * is among it.
 *
 * @param limit how many paths are told at most
 * @see https://docs.kernel.org/filesystems/overlayfs.html
 */
export async function changesOf(
  node: NodeContext,
  sandbox: SandboxRecord,
  limit: number,
): Promise<DiskChanges> {
  const layers = sandbox.layers.map((layer) => join(node.disk, 'layers', layer)).reverse()
  const walk = new Walk(limit)
  const open = (path: string) => new PathHandle(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY))
  await withHandles([join(volumeOf(node, sandbox), 'upper'), ...layers], open, ([upper, ...lower]) =>
    upper === undefined ? undefined : walk.directory(upper, lower, []),
  )
  return { changes: walk.changes, truncated: walk.truncated }
}

class Walk {
  readonly changes: DiskChange[] = []
  truncated = false
  #looked = 0

  constructor(private readonly limit: number) {}

  /** @param lower the same directory in each layer that has it, the topmost first */
  async directory(upper: PathHandle, lower: readonly PathHandle[], path: readonly Buffer[]): Promise<void> {
    if (path.length > maxDepth) {
      this.truncated = true
      return
    }
    for await (const entry of await opendir(upper.path().toString(), { encoding: 'latin1' })) {
      if (this.changes.length >= this.limit || ++this.#looked > maxEntries) {
        this.truncated = true
        return
      }
      const name = Buffer.from(entry.name, 'latin1')
      await this.#entry(upper, lower, [...path, name], name)
    }
  }

  async #entry(
    upper: PathHandle,
    lower: readonly PathHandle[],
    path: readonly Buffer[],
    name: Buffer,
  ): Promise<void> {
    const stat = lstatOf(upper, name)
    if (stat === undefined) return // gone meanwhile
    const before = below(lower, name)
    if (isWhiteout(stat)) return this.#tell(path, 'deleted', null)
    if (!stat.isDirectory()) return this.#tell(path, before === undefined ? 'added' : 'changed', stat)
    const own = upper.path(name)
    const isWhole = overlayAttribute(own, 'opaque') === 'y'
    const isMerged = before?.stat.isDirectory() === true && !isWhole
    if (!isMerged) this.#tell(path, before === undefined ? 'added' : 'changed', stat)
    // One that was renamed has its old content in the layers, under the old name.
    if (overlayAttribute(own, 'redirect') !== undefined) return
    const merged = isMerged ? before.directories : []
    await withHandles(
      [upper, ...merged],
      (parent) => parent.enter(name),
      ([directory, ...layers]) =>
        directory === undefined ? undefined : this.directory(directory, layers, path),
    )
  }

  #tell(path: readonly Buffer[], change: DiskChange['change'], stat: Stats | null): void {
    const shown = pathText(Buffer.concat(path.flatMap((step) => [Buffer.from('/'), step])))
    this.changes.push({ path: shown, change, type: typeOf(stat), sizeBytes: stat?.isFile() ? stat.size : 0 })
  }
}

/** What the layers have under a name: the topmost entry, and the directories that are merged there. */
function below(
  lower: readonly PathHandle[],
  name: Buffer,
): { stat: Stats; directories: PathHandle[] } | undefined {
  let top: Stats | undefined
  const directories: PathHandle[] = []
  for (const layer of lower) {
    const stat = lstatOf(layer, name)
    if (stat === undefined) continue
    if (isWhiteout(stat)) break
    top ??= stat
    if (!stat.isDirectory()) break
    directories.push(layer)
  }
  return top === undefined ? undefined : { stat: top, directories }
}

function lstatOf(directory: PathHandle, name: Buffer): Stats | undefined {
  return lstatSync(directory.path(name), { throwIfNoEntry: false })
}

const isWhiteout = (stat: Stats) => stat.isCharacterDevice() && stat.rdev === 0

const typeOf = (stat: Stats | null): DiskChange['type'] => {
  if (stat === null) return null
  if (stat.isFile()) return 'file'
  if (stat.isDirectory()) return 'directory'
  return stat.isSymbolicLink() ? 'symlink' : 'other'
}

const overlayAttribute = (directory: Buffer, name: 'opaque' | 'redirect') =>
  getXattr(directory, `trusted.overlay.${name}`)?.toString()

/** Opens directories for the time of `act`. One that is not there any more, or none by now, has nothing to tell. */
async function withHandles<T>(
  of: readonly T[],
  open: (one: T) => PathHandle,
  act: (handles: readonly PathHandle[]) => Promise<void> | undefined,
): Promise<void> {
  const handles: PathHandle[] = []
  try {
    for (const one of of) handles.push(open(one))
  } catch (error) {
    for (const handle of handles) handle[Symbol.dispose]()
    if (error instanceof SyscallError) return
    throw error
  }
  try {
    await act(handles)
  } finally {
    for (const handle of handles) handle[Symbol.dispose]()
  }
}
