import { chmod } from 'node:fs/promises'
import type { FileEntry } from '../../protocol/api/index.js'
import { entryOfStat } from './entry.js'
import { absolute, bytesOf } from './path.js'
import type { FilesRoot } from './root.js'

/** Sets the permissions of a file or directory; a link at the end is followed, since it has none of its own. */
export async function changeMode(root: FilesRoot, path: string, mode: number): Promise<FileEntry> {
  using found = root.find(path, { follow: true })
  found.refuseUnwritable(path)
  await chmod(found.path(), mode)
  const names = absolute(path).toString('latin1').split('/')
  const name = Buffer.from(names.findLast(Boolean) ?? '/', 'latin1')
  return entryOfStat(root, name, bytesOf(path), found.exactStat())
}
