import { lstatSync, opendirSync } from 'node:fs'
import { type FileEntry, type FileTree, treeEntriesMax } from '../../protocol/api/index.js'
import { entryOf, entryOfStat } from './entry.js'
import { bytesOf, place } from './path.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, PathHandle } from './root.js'

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
  return entryOf(root, parent, name, bytes, entry.exactStat())
}

/** What is in a directory, `depth` levels down. Links are listed, not followed; `/proc` and the like are not entered. */
export function treeOf(root: FilesRoot, path: string, depth: number): FileTree {
  const entries: FileEntry[] = []
  using top = root.directory(path)
  top.refuseForeign(path)
  const bare = bytesOf(path).toString('latin1').replace(/\/+$/, '')
  list(root, top, Buffer.from(bare, 'latin1'), depth, entries)
  return { entries: entries.slice(0, treeEntriesMax), truncated: entries.length > treeEntriesMax }
}

function list(root: FilesRoot, directory: PathHandle, path: Buffer, depth: number, into: FileEntry[]) {
  for (const name of namesIn(directory, treeEntriesMax + 1 - into.length)) {
    const stat = lstatSync(directory.path(name), { bigint: true, throwIfNoEntry: false })
    if (stat === undefined) continue // it went meanwhile
    const below = Buffer.concat([path, slash, name])
    into.push(entryOf(root, directory, name, below, stat))
    if (into.length > treeEntriesMax) return
    if (depth <= 1 || !stat.isDirectory()) continue
    using entered = tryEnter(directory, name)
    if (entered !== undefined) list(root, entered, below, depth - 1, into)
  }
}

/** The names in a directory in order; of one that has more than `max` any `max`. */
function namesIn(directory: PathHandle, max: number): Buffer[] {
  const names: Buffer[] = []
  // Node types a name as a string whatever the encoding; `latin1` keeps each byte of it.
  const opened = opendirSync(directory.path(), { encoding: 'latin1', bufferSize: 256 })
  try {
    while (names.length < max) {
      const entry = opened.readSync()
      if (entry === null) break
      names.push(Buffer.from(entry.name, 'latin1'))
    }
  } finally {
    opened.closeSync()
  }
  return names.sort(Buffer.compare)
}

const slash = Buffer.from('/')

/** Not entered: what is another file system, or was swapped for something else meanwhile. */
export function tryEnter(directory: PathHandle, name: Buffer): PathHandle | undefined {
  try {
    return directory.enter(name)
  } catch (error) {
    if (['EXDEV', 'ELOOP', 'ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')) return undefined
    throw error
  }
}
