import { type FileEntry, type FileTree, treeEntriesMax } from '../../protocol/api/index.js'
import { entryOf, entryOfStat } from './entry.js'
import { bytesOf, place } from './path.js'
import { codeOf } from './refusal.js'
import { namesIn } from './remove.js'
import type { FilesRoot, PathHandle } from './root.js'
import { statOf } from './write.js'

/** One entry; a link at the end is not followed. */
export async function statPath(root: FilesRoot, path: string): Promise<FileEntry> {
  const bytes = bytesOf(path)
  if (/(^|\/)\.{0,2}\/*$/.test(bytes.toString('latin1'))) {
    using found = root.directory(path)
    return entryOfStat(root, Buffer.from(path === '/' ? '/' : '.'), bytes, found.exactStat())
  }
  const { directory, name } = place(path)
  using parent = root.directory(directory)
  using entry = parent.entry(name)
  return await entryOf(root, parent, name, bytes, entry.exactStat())
}

/** What is in a directory, `depth` levels down. Links are listed, not followed; `/proc` and the like are not entered. */
export async function treeOf(root: FilesRoot, path: string, depth: number): Promise<FileTree> {
  const entries: FileEntry[] = []
  using top = root.directory(path)
  top.refuseForeign(path)
  const bare = bytesOf(path).toString('latin1').replace(/\/+$/, '')
  await list(root, top, Buffer.from(bare, 'latin1'), depth, entries)
  return { entries: entries.slice(0, treeEntriesMax), truncated: entries.length > treeEntriesMax }
}

async function list(root: FilesRoot, directory: PathHandle, path: Buffer, depth: number, into: FileEntry[]) {
  const names: Buffer[] = []
  for await (const name of namesIn(directory)) {
    names.push(name)
    if (into.length + names.length > treeEntriesMax) break
  }
  names.sort(Buffer.compare)
  for (let at = 0; at < names.length; at += statsAtOnce) {
    const some = names.slice(at, at + statsAtOnce)
    const stats = await Promise.all(some.map((name) => statOf(directory, name)))
    for (const [index, name] of some.entries()) {
      const stat = stats[index]
      if (stat === undefined) continue // it went meanwhile
      const below = Buffer.concat([path, slash, name])
      into.push(await entryOf(root, directory, name, below, stat))
      if (into.length > treeEntriesMax) return
      if (depth <= 1 || !stat.isDirectory()) continue
      using entered = tryEnter(directory, name)
      if (entered !== undefined) await list(root, entered, below, depth - 1, into)
    }
  }
}

const slash = Buffer.from('/')
/** One after another, 1,000 entries took 21 ms instead of 7: each answer is a turn of the event loop. */
const statsAtOnce = 64

/** Not entered: what is another file system, or was swapped for something else meanwhile. */
export function tryEnter(directory: PathHandle, name: Buffer): PathHandle | undefined {
  try {
    return directory.enter(name)
  } catch (error) {
    if (['EXDEV', 'ELOOP', 'ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
}
