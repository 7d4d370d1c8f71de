import { lchownSync, mkdirSync } from 'node:fs'
import { type FileEntry, pathText } from '../../protocol/api/index.js'
import { entryOfStat } from './entry.js'
import { makeAsOwnerOf } from './make.js'
import { ownerIn } from './owner.js'
import { absolute, bytesOf, place } from './path.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, PathHandle } from './root.js'

/** Makes a directory with its parents, or takes the one that is there. */
export async function makeDirectory(
  root: FilesRoot,
  path: string,
): Promise<{ entry: FileEntry; created: boolean }> {
  const { found, created } = await openMade(root, path)
  using made = found
  const names = absolute(path).toString('latin1').split('/')
  const name = Buffer.from(names.findLast(Boolean) ?? '/', 'latin1')
  return { entry: entryOfStat(root, name, bytesOf(path), made.exactStat()), created }
}

/** The directory at `path`, which is made with its parents where it is missing. */
export async function openMade(
  root: FilesRoot,
  path: string | Buffer,
): Promise<{ found: PathHandle; created: boolean }> {
  // From the end back to what exists, then forward again: thousands of steps must not be a deep recursion.
  let { reached, missing } = deepest(root, path)
  for (const name of missing.reverse()) {
    using parent = reached
    reached = enterMade(root, parent, name)
  }
  return { found: reached, created: missing.length > 0 }
}

/** The last directory of a path that exists, and the names that are missing below it, the last one first. */
export function deepest(root: FilesRoot, path: string | Buffer): { reached: PathHandle; missing: Buffer[] } {
  const missing: Buffer[] = []
  let at = absolute(path)
  let reached = tryDirectory(root, at)
  while (reached === undefined) {
    const { directory, name } = place(at)
    missing.push(name)
    at = directory
    reached = tryDirectory(root, at)
  }
  return { reached, missing }
}

/** A directory right in `parent`, which is made if it is missing. Never follows a link. */
function enterMade(root: FilesRoot, parent: PathHandle, name: Buffer): PathHandle {
  parent.refuseUnwritable(pathText(name))
  try {
    const directory = parent.stat()
    makeAsOwnerOf(directory, () => mkdirSync(parent.path(name), 0o755))
    const { uid, gid } = ownerIn(root, directory)
    lchownSync(parent.path(name), uid, gid)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  return parent.enter(name)
}

function tryDirectory(root: FilesRoot, path: string | Buffer): PathHandle | undefined {
  try {
    return root.directory(path)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
