import { release } from 'node:os'
import { subvolumeSnapshot } from '../linux/subvolume-snapshot.js'
import { limitVolume, onParent, sumQgroupId, type Volume, volumeId, withDirectory } from './volume.js'

/**
 * Whether the kernel counts a snapshot under the sum of all volumes without counting everything anew, which it does
 * since Linux 6.9. On an older one snapshots are bounded by quotas alone.
 * @see https://git.kernel.org/torvalds/c/b20fe56cd285
 */
export function countsSnapshots(kernel: string = release()): boolean {
  const [major = 0, minor = 0] = kernel.split('.').map(Number)
  return major > 6 || (major === 6 && minor >= 9)
}

/**
 * Makes a volume at `path` that has what `source` has at this moment: nothing is copied, and what either of them writes
 * later is its own.
 *
 * @param sizeBytes what it may hold; null for one that nobody writes to any more
 */
export function snapshotVolume(source: string, path: string, sizeBytes: number | null): Volume {
  const qgroup = countsSnapshots() ? sumQgroupId : null
  withDirectory(source, (from) =>
    onParent(path, (parent, name) =>
      subvolumeSnapshot(parent, { source: from, name, readOnly: sizeBytes === null, qgroup }),
    ),
  )
  if (sizeBytes !== null) limitVolume(path, sizeBytes)
  return { path, id: volumeId(path) }
}
