import { lstat, opendir, rename, rmdir, unlink } from 'node:fs/promises'
import { newId } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { assertHolds, type WriteCondition } from './etag.js'
import { lockKey, withLock } from './lock.js'
import { place } from './path.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, PathHandle } from './root.js'
import { statOf } from './write.js'

/**
 * Each level holds a descriptor, and a program can nest directories without end: what is deeper than this is
 * moved up to the top, to be found there in its next round.
 */
const depthMax = 64
/** A program that fills a directory as fast as it is emptied wins after so many rounds. */
const roundsMax = 5000

/**
 * Removes a file, a link (never what it points to), or a directory; one that is not empty if `recursive`.
 * @throws RuntimeRefusal `precondition_failed`
 */
export async function removePath(
  root: FilesRoot,
  path: string,
  recursive: boolean,
  condition: WriteCondition = {},
): Promise<void> {
  const { directory, name } = place(path)
  using parent = root.directory(directory)
  parent.refuseForeign(path)
  await withLock([lockKey(parent, name)], async () => {
    if (condition.ifMatch !== undefined) assertHolds(path, condition, await statOf(parent, name))
    await removeIn(parent, name, recursive)
  })
}

/** The same of an entry right in `parent`, for whoever holds its lock. */
export async function removeIn(parent: PathHandle, name: Buffer, recursive: boolean): Promise<void> {
  if (!(await lstat(parent.path(name))).isDirectory()) return await unlink(parent.path(name))
  if (recursive) {
    using top = parent.enter(name)
    await removeUntilGone(parent, Buffer.from(name), () => empty(top, top, 1))
  } else await rmdir(parent.path(name))
}

/** Empties and removes, again while somebody else fills it. Nothing is resolved by a path, so swapped links lead nowhere. */
async function removeUntilGone(
  parent: PathHandle,
  name: Buffer,
  emptyIt: () => Promise<void>,
): Promise<void> {
  for (let rounds = 0; ; rounds++) {
    await emptyIt()
    try {
      return await rmdir(parent.path(name))
    } catch (error) {
      if (codeOf(error) !== 'ENOTEMPTY') throw error
      if (rounds >= roundsMax) throw new RuntimeRefusal('conflict', `${name} is filled while it is removed`)
    }
  }
}

async function empty(top: PathHandle, directory: PathHandle, depth: number): Promise<void> {
  for await (const name of namesIn(directory)) {
    try {
      await unlink(directory.path(name))
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') continue // somebody was faster
      if (code !== 'EISDIR' && code !== 'EPERM') throw error
      if (depth >= depthMax) {
        await rename(directory.path(name), top.path(`.${newId('old')}`))
        continue
      }
      using inner = directory.enter(name)
      await removeUntilGone(directory, name, () => empty(top, inner, depth + 1))
    }
  }
}

/** The names in a directory as bytes, one after the other, however many there are. */
export async function* namesIn(directory: PathHandle): AsyncGenerator<Buffer> {
  // Node types a name as a string whatever the encoding; `latin1` keeps each byte of it.
  for await (const entry of await opendir(directory.path(), { encoding: 'latin1' })) {
    yield Buffer.from(entry.name, 'latin1')
  }
}
