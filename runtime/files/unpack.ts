import {
  chmodSync,
  chownSync,
  closeSync,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  lstatSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { shownName, stepsOf, TarError } from '../../common/tar/format.js'
import { readTar, type TarMember } from '../../common/tar/read.js'
import { newId } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { mkfifoAt, setModified, setXattr } from '../linux/attributes.js'
import { DirectoryStack } from './directories.js'
import { makeAsOwnerOf } from './make.js'
import { openMade } from './mkdir.js'
import { codeOf, refusing } from './refusal.js'
import type { FilesRoot, PathHandle } from './root.js'

/** A file whose owner changes loses these, as with chown(2). */
const withoutSetId = 0o1777

/**
 * Unpacks a tar into a directory, entry by entry as it arrives. Entries stay below that directory: names that
 * lead out of it, and ways through a link, are refused, whoever made the link. Symlinks are made as they are
 * written, since the sandbox itself follows them; hard links only to files below the same directory. Devices are
 * refused. Owners are those of any new file; permissions, times, holes and attributes of users are the archive's.
 *
 * What came before a refused entry stays. A file that is replaced stays until the new one is whole.
 *
 * Its calls to the kernel block, and there are many for each entry: it belongs into a thread of its own (`thread.ts`).
 */
export async function unpackInto(
  root: FilesRoot,
  path: string | Buffer,
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { found, created } = await openMade(root, path)
  using top = found
  top.refuseUnwritable(String(path))
  try {
    using directories = new DirectoryStack(root, top)
    for await (const member of readTar(archive)) {
      const shown = `the archive's entry ${shownName(member.name)}`
      await refusing(shown, () => unpackEntry(directories, top, created, member))
    }
    directories.finish()
  } catch (error) {
    if (!(error instanceof TarError)) throw error
    throw new RuntimeRefusal('invalid_request', `the archive cannot be read: ${error.message}`)
  }
}

async function unpackEntry(directories: DirectoryStack, top: PathHandle, newTop: boolean, member: TarMember) {
  const steps = stepsOf(member.name)
  if (member.type === 'directory') {
    directories.go(steps)
    // The directory that the archive is unpacked into keeps what it has, unless it came to be just now.
    if (steps.length > 0 || newTop) directories.describe(member)
    return
  }
  const name = steps.pop()
  if (name === undefined) throw new TarError('a file has no name')
  directories.go(steps)
  const parent = directories.directory
  const { owner } = directories
  const { target, modifiedNs } = member
  switch (member.type) {
    case 'file':
      return await writeFile(parent, name, owner, member)
    case 'link':
      return put(parent, name, (fresh) => hardLink(top, target, parent, fresh))
    case 'symlink':
      return put(parent, name, (fresh) => {
        makeAsOwnerOf(parent.stat(), () => symlinkSync(target, parent.path(fresh)))
        lchownSync(parent.path(fresh), owner.uid, owner.gid)
        setModified(parent.fd, fresh, modifiedNs)
      })
    case 'pipe':
      return put(parent, name, (fresh) => {
        makeAsOwnerOf(parent.stat(), () => mkfifoAt(parent.fd, fresh, 0o600))
        // By a descriptor, since the name may be a link by now, and chmod(2) follows it.
        using made = parent.entry(fresh)
        chownSync(made.path(), owner.uid, owner.gid)
        chmodSync(made.path(), member.mode & withoutSetId)
        setModified(parent.fd, fresh, modifiedNs)
      })
  }
}

async function writeFile(
  parent: PathHandle,
  name: Buffer,
  owner: { uid: number; gid: number },
  member: TarMember,
): Promise<void> {
  let fresh: string | Buffer = name
  let file = tryCreate(parent, fresh)
  if (file === undefined) {
    fresh = `.${newId('new')}`
    file = parent.create(fresh)
  }
  try {
    try {
      fchownSync(file, owner.uid, owner.gid)
      let end = 0
      for await (const { at, bytes } of member.content()) {
        for (let done = 0; done < bytes.length; ) {
          done += writeSync(file, bytes, done, bytes.length - done, at + done)
        }
        end = at + bytes.length
      }
      if (end < member.sizeBytes) ftruncateSync(file, member.sizeBytes)
      for (const [key, value] of member.xattrs) setXattr(file, key, value)
      fchmodSync(file, member.mode & withoutSetId)
      setModified(file, null, member.modifiedNs)
    } finally {
      closeSync(file)
    }
    if (fresh !== name) replace(parent, fresh, name)
  } catch (error) {
    removeQuietly(parent, fresh)
    throw error
  }
}

function tryCreate(parent: PathHandle, name: Buffer): number | undefined {
  try {
    return parent.create(name)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return undefined
    throw error
  }
}

/** Makes something under its name, or, where the name is taken, under another that then takes its place. */
function put(parent: PathHandle, name: Buffer, make: (name: string | Buffer) => void): void {
  try {
    make(name)
    return
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
  const fresh = `.${newId('new')}`
  try {
    make(fresh)
    replace(parent, fresh, name)
  } finally {
    // Of two names of one file, renaming one over the other leaves both.
    removeQuietly(parent, fresh)
  }
}

/** What is there already gives way, but a directory that is not empty. */
function replace(parent: PathHandle, fresh: string | Buffer, name: Buffer): void {
  if (lstatSync(parent.path(name), { throwIfNoEntry: false })?.isDirectory()) rmdirSync(parent.path(name))
  renameSync(parent.path(fresh), parent.path(name))
}

function removeQuietly(parent: PathHandle, name: string | Buffer): void {
  try {
    unlinkSync(parent.path(name))
  } catch {
    // It has taken its place, or somebody was faster.
  }
}

function hardLink(top: PathHandle, from: Buffer, parent: PathHandle, name: string | Buffer): void {
  const steps = stepsOf(from)
  const last = steps.pop()
  if (last === undefined) throw new TarError(`a hard link leads to ${shownName(from)}`)
  using source = top.below(steps)
  linkSync(source.path(last), parent.path(name))
}
