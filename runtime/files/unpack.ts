import { lchown, link, rmdir, symlink, unlink, utimes } from 'node:fs/promises'
import { RuntimeRefusal } from '../errors.js'
import { enterMade, openMade } from './mkdir.js'
import { ownerIn } from './owner.js'
import { stepsOf } from './path.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, Found } from './root.js'
import { readTar, type TarMember } from './untar.js'
import { fill, statOf } from './write.js'

/**
 * Unpacks a tar into a directory, entry by entry as it arrives. Entries stay below that directory: names that
 * lead out of it, and ways through a link, are refused, whoever made the link. Symlinks are made as they are
 * written, since the sandbox itself follows them; hard links only to files of the same directory. Devices and
 * pipes are refused. Owners are those of any new file. What came before a refused entry stays.
 */
export async function unpackInto(
  root: FilesRoot,
  path: string,
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  using top = await openMade(root, path)
  for await (const member of readTar(archive)) await unpackEntry(root, top, member)
}

async function unpackEntry(root: FilesRoot, top: Found, member: TarMember): Promise<void> {
  const steps = stepsOf(member.name)
  const name = steps.pop()
  if (name === undefined) return
  using parent = await descend(root, top, steps)
  if (member.type === 'directory') {
    using _ = await enterMade(root, parent, name)
    return
  }
  const owner = ownerIn(root, parent.stat())
  await makeRoom(parent, name)
  switch (member.type) {
    case 'file': {
      await fill(parent, name, member.content, owner, member.mode & 0o777)
      await utimes(parent.path(name), member.modified, member.modified)
      return
    }
    case 'symlink':
      parent.refuseUnwritable(member.name)
      await symlink(member.target, parent.path(name))
      await lchown(parent.path(name), owner.uid, owner.gid)
      return
    case 'link':
      await linkWithin(top, member.target, parent, name)
  }
}

async function linkWithin(top: Found, from: string, parent: Found, name: string): Promise<void> {
  const steps = stepsOf(from)
  const last = steps.pop()
  if (last === undefined)
    throw new RuntimeRefusal('invalid_request', `a link in the archive leads to ${from}`)
  using source = top.below(steps)
  await link(source.path(last), parent.path(name))
}

async function descend(root: FilesRoot, top: Found, steps: readonly string[]): Promise<Found> {
  try {
    return top.below(steps)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
  }
  let at = top.below([])
  for (const step of steps) {
    using parent = at
    at = await enterMade(root, parent, step)
  }
  return at
}

/** What is there already gives way, but a directory that is not empty. */
async function makeRoom(parent: Found, name: string): Promise<void> {
  const stat = await statOf(parent, name)
  if (stat?.isDirectory()) await rmdir(parent.path(name))
  else if (stat !== undefined) await unlink(parent.path(name))
}
