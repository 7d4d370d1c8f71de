import { constants, fstatSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { FileEntry } from '../../protocol/api/index.js'
import { RuntimeRefusal } from '../errors.js'
import { entryOfStat } from './entry.js'
import { assertHolds, type WriteCondition } from './etag.js'
import { lockKey, withLock } from './lock.js'
import { ownerIn } from './owner.js'
import { bytesOf } from './path.js'
import type { FilesRoot, PathHandle } from './root.js'
import { settle, statOf } from './write.js'

export interface AppendOptions {
  /** Where the file must end now; wherever it ends if absent. */
  readonly offset?: number | undefined
  /** Of a file that is made; 644 if absent. */
  readonly mode?: number | undefined
  readonly condition?: WriteCondition
}

/**
 * Writes behind the end of a file, which is made if it is missing. What has arrived stays, also when the rest does not
 * come: with `offset` an upload goes on where it broke off. Each piece goes to the end that the file has then, so it
 * never replaces what a program inside writes meanwhile.
 *
 * @throws RuntimeRefusal `offset_mismatch` with the size when the file ends elsewhere, also while content arrives
 * @throws RuntimeRefusal `precondition_failed` also when the file is replaced while content arrives
 */
export async function appendFile(
  root: FilesRoot,
  path: string,
  content: AsyncIterable<Uint8Array>,
  options: AppendOptions = {},
): Promise<{ entry: FileEntry; created: boolean }> {
  const { directory, name } = await settle(root, path)
  using _ = directory
  directory.refuseUnwritable(path)
  const inTurn = <T>(act: () => Promise<T>) => withLock([lockKey(directory, name)], act)
  const { file, created } = await inTurn(() => openEnd(root, path, directory, name, options))
  try {
    let { offset } = options
    const { ino } = fstatSync(file.fd, { bigint: true })
    for await (const chunk of content) {
      await inTurn(async () => {
        const now = await statOf(directory, name)
        if (now?.ino !== ino) throw replaced(path)
        assertEnds(path, Number(now.size), offset)
        await file.appendFile(chunk)
      })
      if (offset !== undefined) offset += chunk.length
    }
    const stat = await file.stat({ bigint: true })
    return { entry: entryOfStat(root, name, bytesOf(path), stat), created }
  } finally {
    await file.close()
  }
}

async function openEnd(
  root: FilesRoot,
  path: string,
  directory: PathHandle,
  name: Buffer,
  { offset, mode = 0o644, condition = {} }: AppendOptions,
): Promise<{ file: FileHandle; created: boolean }> {
  const before = await statOf(directory, name)
  assertHolds(path, condition, before)
  assertEnds(path, Number(before?.size ?? 0n), offset)
  const { O_WRONLY, O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
  if (before !== undefined) {
    using found = directory.entry(name)
    found.assertRegular(path)
    return { file: await open(found.path(), O_WRONLY | O_APPEND | O_NONBLOCK), created: false }
  }
  const flags = O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW
  const file = await open(directory.path(name), flags, 0o600)
  try {
    const { uid, gid } = ownerIn(root, directory.stat())
    await file.chown(uid, gid)
    await file.chmod(mode)
    return { file, created: true }
  } catch (error) {
    await file.close()
    throw error
  }
}

function assertEnds(path: string, sizeBytes: number, offset: number | undefined): void {
  if (offset === undefined || offset === sizeBytes) return
  throw new RuntimeRefusal(
    'offset_mismatch',
    `${path} has ${sizeBytes} bytes, so nothing can be written at ${offset}: go on at ${sizeBytes}`,
    undefined,
    { sizeBytes },
  )
}

const replaced = (path: string) =>
  new RuntimeRefusal('precondition_failed', `${path} was replaced or deleted while it was written`)
