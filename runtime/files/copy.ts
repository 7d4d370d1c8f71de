import { type BigIntStats, lstatSync } from 'node:fs'
import { link, rename, unlink } from 'node:fs/promises'
import { type FileEntry, newId, pathText } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { identityOf } from './directories.js'
import { assertHolds } from './etag.js'
import { lockKey, withLock } from './lock.js'
import { deepest, openMade } from './mkdir.js'
import { packEntry, packPath } from './pack.js'
import { type Place, place } from './path.js'
import { removeIn } from './remove.js'
import type { FilesRoot, PathHandle } from './root.js'
import { statPath } from './tree.js'
import { unpackInto } from './unpack.js'
import { statOf } from './write.js'

/** How a file is moved or copied. */
export interface TransferOptions {
  /** What is at `to` may give way. */
  readonly overwrite?: boolean | undefined
  /** Entity tags, one of which the file at `from` must have. */
  readonly fromEtag?: string | undefined
  /** Entity tags, one of which the file at `to` must have. */
  readonly toEtag?: string | undefined
  /** Copies a tree, on a thread of its own. */
  readonly copy?: typeof copyTree
}

/**
 * Copies a file, a link or a directory with all that is in it to another path, with what an archive keeps; links stay
 * links. It appears there when it is whole. Parents are made.
 *
 * @param options `overwrite`: a file or link at `to` gives way; a directory never does
 * @throws RuntimeRefusal `conflict` when something is at `to`, or `to` is inside `from`
 * @throws RuntimeRefusal `precondition_failed` also when the file at `from` changes while it is copied
 */
export async function copyPath(
  root: FilesRoot,
  from: string,
  to: string,
  { overwrite = false, fromEtag, toEtag, copy = copyTree }: TransferOptions = {},
): Promise<FileEntry> {
  const [old, fresh] = [place(from), place(to)]
  using source = root.directory(old.directory)
  source.refuseForeign(from)
  const stat = lstatSync(source.path(old.name), { bigint: true })
  if (stat.isDirectory()) assertOutside(root, source, old, fresh)
  else if (!(stat.isFile() || stat.isSymbolicLink() || stat.isFIFO())) {
    throw new RuntimeRefusal('conflict', `${from} is a socket or a device, which cannot be copied`)
  }
  const { found } = await openMade(root, fresh.directory)
  using target = found
  target.refuseUnwritable(to)
  const assertMeant = async () => {
    if (fromEtag !== undefined) assertHolds(from, { ifMatch: fromEtag }, await statOf(source, old.name))
    const there = await statOf(target, fresh.name)
    if (toEtag !== undefined) assertHolds(to, { ifMatch: toEtag }, there)
    assertFree(to, there, stat, overwrite)
  }
  await assertMeant()
  const half = Buffer.from(`.${newId('new')}`)
  try {
    await copy(root, from, pathText(Buffer.concat([fresh.directory, slash, half])))
    await withLock([lockKey(target, fresh.name)], async () => {
      await assertMeant()
      if (overwrite || stat.isDirectory()) return rename(target.path(half), target.path(fresh.name))
      await link(target.path(half), target.path(fresh.name))
      await unlink(target.path(half))
    })
  } catch (error) {
    await removeIn(target, half, true).catch(() => {}) // it may not have come to be
    throw error
  }
  return statPath(root, to)
}

const slash = Buffer.from('/')

/** Whatever the names say: by what the directories are. Nothing was made yet. */
function assertOutside(root: FilesRoot, source: PathHandle, old: Place, fresh: Place): void {
  using copied = source.enter(old.name)
  using top = root.directory('/')
  const [identity, end] = [identityOf(copied), identityOf(top)]
  let { reached } = deepest(root, fresh.directory)
  for (let last = false; !last; ) {
    using at = reached
    if (identityOf(at) === identity) {
      throw new RuntimeRefusal('conflict', 'a directory cannot be copied into itself')
    }
    last = identityOf(at) === end
    if (!last) reached = at.parent()
  }
}

function assertFree(to: string, there: BigIntStats | undefined, source: BigIntStats, overwrite: boolean) {
  if (there === undefined) return
  if (there.ino === source.ino && there.dev === source.dev) {
    throw new RuntimeRefusal('conflict', `${to} is what would be copied`)
  }
  if (!overwrite) throw new RuntimeRefusal('conflict', `${to} exists already`)
  if (there.isDirectory() || source.isDirectory()) {
    throw new RuntimeRefusal(
      'conflict',
      `${to} exists already, and a directory neither replaces nor gives way`,
    )
  }
}

/** Copies what is at a path, and below it, to another path, with all that an archive keeps. */
export async function copyTree(root: FilesRoot, from: string, to: string): Promise<void> {
  if (isDirectory(root, from)) return unpackInto(root, to, parts(packPath(root, from, { top: true })))
  const { directory, name } = place(to)
  return unpackInto(root, directory, parts(packEntry(root, from, name)))
}

function isDirectory(root: FilesRoot, path: string): boolean {
  using found = root.find(path, { follow: false })
  return found.stat().isDirectory()
}

async function* parts(archive: Generator<Buffer>): AsyncGenerator<Buffer> {
  for (const part of archive) {
    yield part
    await new Promise(setImmediate) // other archives take their turn
  }
}
