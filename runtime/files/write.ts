import { type BigIntStats, constants, lstat } from 'node:fs'
import { type FileHandle, link, open, readlink, rename, unlink } from 'node:fs/promises'
import { promisify } from 'node:util'
import { type FileEntry, newId } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { entryOfStat } from './entry.js'
import { assertHolds, existsAlready, type WriteCondition } from './etag.js'
import { lockKey, withLock } from './lock.js'
import { openMade } from './mkdir.js'
import { type Owner, ownerIn } from './owner.js'
import { bytesOf, place } from './path.js'
import { codeOf } from './refusal.js'
import type { FilesRoot, PathHandle } from './root.js'

const slash = Buffer.from('/')
/** As many links as the kernel follows. */
const linksMax = 40

/**
 * Writes a file whole: it is filled under another name beside it and then takes its place, so nobody ever sees
 * half of it, and one that breaks off leaves the old one. Replacing keeps owner and mode; another hard link
 * to the old file keeps the old content. A link at the end is followed, as a shell does.
 *
 * @param mode for the file; without it 644, or what the file had
 * @param condition holds before the content is read, and again when the file takes its place
 * @throws RuntimeRefusal `precondition_failed`
 */
export async function writeFile(
  root: FilesRoot,
  path: string,
  content: AsyncIterable<Uint8Array> | Uint8Array,
  mode?: number,
  condition: WriteCondition = {},
): Promise<{ entry: FileEntry; created: boolean }> {
  const { directory, name } = await settle(root, path)
  using _ = directory
  const before = await statOf(directory, name)
  if (before?.isDirectory()) throw new RuntimeRefusal('conflict', `${path} is a directory`)
  if (before !== undefined && !before.isFile()) {
    throw new RuntimeRefusal('conflict', `${path} is not a regular file`)
  }
  assertHolds(path, condition, before)
  const owner = before ? ownerOf(before) : ownerIn(root, directory.stat())
  const half = `.${newId('new')}`
  let file: FileHandle | undefined
  try {
    const wanted = mode ?? (before ? Number(before.mode) & 0o777 : 0o644)
    file = await fill(directory, half, content, owner, wanted)
    await withLock([lockKey(directory, name)], () => takePlace(path, directory, half, name, condition))
    // Taking its place has changed its ctime, and with it its tag.
    const stat = await file.stat({ bigint: true })
    return { entry: entryOfStat(root, name, bytesOf(path), stat), created: before === undefined }
  } catch (error) {
    await unlink(directory.path(half)).catch(() => {}) // it may not have come to be
    throw error
  } finally {
    await file?.close()
  }
}

/** Gives a file that is whole its name. */
async function takePlace(
  path: string,
  directory: PathHandle,
  half: string,
  name: Buffer,
  condition: WriteCondition,
): Promise<void> {
  const { ifMatch, ifNoneMatch } = condition
  if (ifMatch !== undefined || ifNoneMatch !== undefined) {
    assertHolds(path, condition, await statOf(directory, name))
  }
  if (ifNoneMatch?.trim() !== '*') return rename(directory.path(half), directory.path(name))
  try {
    // Unlike rename(2) it never replaces what a program inside has just made.
    await link(directory.path(half), directory.path(name))
  } catch (error) {
    throw codeOf(error) === 'EEXIST' ? existsAlready(path) : error
  }
  await unlink(directory.path(half))
}

const ownerOf = ({ uid, gid }: BigIntStats): Owner => ({ uid: Number(uid), gid: Number(gid) })

/** Makes a new file in a directory and fills it. @returns it, still open. @throws `EEXIST` */
async function fill(
  directory: PathHandle,
  name: string,
  content: AsyncIterable<Uint8Array> | Uint8Array,
  owner: Owner,
  mode: number,
): Promise<FileHandle> {
  directory.refuseUnwritable(name)
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants
  const file = await open(directory.path(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  try {
    await file.chown(owner.uid, owner.gid)
    if (content instanceof Uint8Array) await file.writeFile(content)
    else for await (const chunk of content) await file.writeFile(chunk) // each goes on where the last ended
    await file.chmod(mode)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

/** The directory and name that a path means once links at its end are followed. Parents are made. */
export async function settle(
  root: FilesRoot,
  path: string,
): Promise<{ directory: PathHandle; name: Buffer }> {
  let at = bytesOf(path)
  for (let links = 0; links <= linksMax; links++) {
    const { directory, name } = place(at)
    const { found: opened } = await openMade(root, directory)
    const stat = await statOf(opened, name)
    if (!stat?.isSymbolicLink()) return { directory: opened, name }
    using _ = opened
    const target = await readlink(opened.path(name), { encoding: 'buffer' })
    at = target[0] === slash[0] ? target : Buffer.concat([directory, slash, target])
  }
  throw new RuntimeRefusal('invalid_request', `${path} leads through too many links`)
}

/** The one of `node:fs/promises` takes twice as long. */
const lstatQuick = promisify(lstat)

export async function statOf(directory: PathHandle, name: string | Buffer): Promise<BigIntStats | undefined> {
  try {
    return await lstatQuick(directory.path(name), { bigint: true })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
