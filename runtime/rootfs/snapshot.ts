import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { release } from 'node:os'
import { basename, dirname } from 'node:path'
import { notFound } from '../errors.js'
import { subvolumeSnapshot } from '../linux/subvolume-snapshot.js'
import { Turns } from '../turns.js'
import { limitVolume, sumQgroupId, type Volume, volumeId } from './volume.js'

/**
 * Whether the kernel counts a snapshot under the sum of all volumes without counting everything anew, which it does
 * since Linux 6.9. On an older one snapshots are bounded by quotas alone.
 * @see https://git.kernel.org/torvalds/c/b20fe56cd285
 */
export function countsSnapshots(kernel: string = release()): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 9)
}

/** Each holds a thread of Node's pool while the kernel writes, and the others are for everybody's files. */
const turns = new Turns(2, 1)

/**
 * Makes a volume at `path` that has what `source` has at this moment: nothing is copied, and what either of them writes
 * later is its own.
 *
 * @param sizeBytes what it may hold; null for one that nobody writes to any more
 * @param tenant whose it is: those of one tenant are made one after the other
 * @throws RuntimeRefusal `not_found` when the source has been deleted before it was its turn
 */
export async function snapshotVolume(
  source: string,
  path: string,
  sizeBytes: number | null,
  tenant: string,
): Promise<Volume> {
  using _ = await turns.take(tenant)
  if (!existsSync(source)) throw notFound('snapshot', basename(source))
  const [from, parent] = [openDirectory(source), openDirectory(dirname(path))]
  try {
    const qgroup = countsSnapshots() ? sumQgroupId : null
    const name = basename(path)
    await subvolumeSnapshot(parent, { source: from, name, readOnly: sizeBytes === null, qgroup })
  } finally {
    closeSync(from)
    closeSync(parent)
  }
  if (sizeBytes !== null) limitVolume(path, sizeBytes)
  return { path, id: volumeId(path) }
}

const openDirectory = (path: string) => openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
