import koffi from 'koffi'
import { check } from './libc.js'

const libc = koffi.load('libc.so.6')
const qgroupInherit = koffi.struct({
  ...{ flags: 'uint64', qgroups: 'uint64', referencedCopies: 'uint64', exclusiveCopies: 'uint64' },
  ...{ limits: koffi.array('uint64', 5), qgroup: 'uint64' },
})
const snapshotArgs = koffi.struct({
  ...{ source: 'int64', transid: 'uint64', flags: 'uint64', size: 'uint64' },
  ...{ inherit: koffi.pointer(qgroupInherit), unused: koffi.array('uint64', 2) },
  name: koffi.array('char', 4040),
})
const libcSnapshot = libc.func('ioctl', 'int', ['int', 'ulong', koffi.pointer(snapshotArgs)])

/**
 * Makes a snapshot of a btrfs subvolume, on another thread: the kernel writes all that the subvolume has in memory to the disk
 * first, which takes seconds when a tenant has just written gigabytes.
 * @param parent a directory, in which it is called `name`
 * @param of the subvolume, as a descriptor of its root; `qgroup` that counts the snapshot besides its own
 * @see BTRFS_IOC_SNAP_CREATE_V2 in include/uapi/linux/btrfs.h
 */
export async function subvolumeSnapshot(
  parent: number,
  of: { source: number; name: string; readOnly: boolean; qgroup: bigint | null },
): Promise<void> {
  const [createV2, readOnlyFlag, inheritFlag] = [0x50009417, 2, 4]
  const flags = (of.readOnly ? readOnlyFlag : 0) | (of.qgroup === null ? 0 : inheritFlag)
  const inherit =
    of.qgroup === null
      ? null
      : {
          ...{ flags: 0, qgroups: 1, referencedCopies: 0, exclusiveCopies: 0 },
          ...{ limits: [0, 0, 0, 0, 0], qgroup: of.qgroup },
        }
  const size = inherit === null ? 0 : koffi.sizeof(qgroupInherit)
  const args = { source: of.source, transid: 0, flags, size, inherit, unused: [0, 0], name: of.name }
  const result = await new Promise<number>((resolve, reject) => {
    libcSnapshot.async(parent, createV2, args, (error: Error | null, answer: number) => {
      if (error === null) resolve(answer)
      else reject(error)
    })
  })
  // Why it failed is known to that thread only: tried again here, it fails for the same reason, or works.
  if (result !== 0) check(libcSnapshot(parent, createV2, args), 'snapshot', of.name)
}
