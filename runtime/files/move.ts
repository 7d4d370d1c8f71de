import { rename } from 'node:fs/promises'
import type { FileEntry } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { copyTree, type TransferOptions } from './copy.js'
import { assertHolds } from './etag.js'
import { lockKey, withLock } from './lock.js'
import { openMade } from './mkdir.js'
import { place } from './path.js'
import { codeOf } from './refusal.js'
import { removeIn } from './remove.js'
import type { FilesRoot } from './root.js'
import { statPath } from './tree.js'
import { statOf } from './write.js'

/**
 * Gives a file, link or directory another path; parents are made.
 * @param options `overwrite`: a file, link or empty directory at `to` gives way. `copy`: on a thread of its own
 * @throws RuntimeRefusal `conflict`, `precondition_failed`
 */
export async function movePath(
  root: FilesRoot,
  from: string,
  to: string,
  { overwrite = false, fromEtag, toEtag, copy = copyTree }: TransferOptions = {},
): Promise<FileEntry> {
  const [old, fresh] = [place(from), place(to)]
  using source = root.directory(old.directory)
  const { found } = await openMade(root, fresh.directory)
  using target = found
  source.refuseUnwritable(from)
  target.refuseUnwritable(to)
  const keys = [lockKey(source, old.name), lockKey(target, fresh.name)]
  await withLock(keys, async () => {
    if (fromEtag !== undefined) assertHolds(from, { ifMatch: fromEtag }, await statOf(source, old.name))
    if (toEtag !== undefined) assertHolds(to, { ifMatch: toEtag }, await statOf(target, fresh.name))
    if (!overwrite && (await statOf(target, fresh.name)) !== undefined) {
      throw new RuntimeRefusal('conflict', `${to} exists already`)
    }
    try {
      await rename(source.path(old.name), target.path(fresh.name))
    } catch (error) {
      // An overlay cannot rename a directory of the template; it is copied, as mv(1) does.
      if (codeOf(error) !== 'EXDEV') throw error
      await copy(root, from, to)
      await removeIn(source, old.name, true)
    }
  })
  return statPath(root, to)
}
