import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileSystemId } from './volume.js'

/** Metadata that the kernel reserves beside the data of one write. */
const metadataBytes = 512 * 1024

/**
 * Whether a volume's own limit allows so many bytes more. A write that fails all the same has met the bound of
 * all volumes together, or a full disk: that is the node's fault and not its tenant's.
 *
 * @param disk mount point of the volumes
 * @param id of the volume
 * @see https://btrfs.readthedocs.io/en/latest/Qgroups.html
 */
export function hasOwnRoom(disk: string, id: number, bytes: number): boolean {
  const directory = join('/sys/fs/btrfs', fileSystemId(disk), 'qgroups', `0_${id}`)
  const number = (name: string) => Number(readFileSync(join(directory, name), 'utf8'))
  const reserved = ['rsv_data', 'rsv_meta_pertrans', 'rsv_meta_prealloc'].map(number)
  const used = reserved.reduce((sum, one) => sum + one, number('referenced'))
  return used + bytes + metadataBytes <= number('max_referenced')
}
