import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeDiskUse } from '../../protocol/node/index.js'
import { qgroupOf, volumeId } from '../rootfs/volume.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'

type OfTenant = NodeDiskUse['tenants'][number]
type Kind = Exclude<keyof OfTenant, 'tenantId'>

/** What is counted, beside sandboxes. */
interface Held {
  readonly id: string
  readonly tenantId: string
}

/**
 * What each tenant has on the disk, as the kernel counts it: all that its subvolumes refer to, and of that what no other
 * subvolume does. As of the last commit to the disk.
 */
export function diskUseOf(
  node: Pick<NodeContext, 'disk'>,
  sandboxes: readonly SandboxRecord[],
  snapshots: Iterable<Held>,
  volumes: Iterable<Held>,
): Pick<NodeDiskUse, 'tenants'> {
  const tenants = new Map<string, OfTenant>()
  const count = (tenantId: string, kind: Kind, subvolume: number) => {
    const number = (name: string) => Number(readFileSync(join(qgroupOf(node.disk, subvolume), name), 'utf8'))
    const of = tenants.get(tenantId) ?? fresh(tenantId)
    tenants.set(tenantId, of)
    try {
      const [bytes, exclusiveBytes] = [number('referenced'), number('exclusive')]
      of[kind] = {
        count: of[kind].count + 1,
        bytes: of[kind].bytes + bytes,
        exclusiveBytes: of[kind].exclusiveBytes + exclusiveBytes,
      }
    } catch {
      // It is being deleted at this moment.
    }
  }
  for (const sandbox of sandboxes) {
    if (sandbox.tenantId !== null) count(sandbox.tenantId, 'sandboxes', sandbox.volumeId)
  }
  const at = (directory: string, { id }: Held) => {
    try {
      return volumeId(join(node.disk, directory, id))
    } catch {
      return undefined // the same
    }
  }
  for (const one of snapshots) {
    const subvolume = at('snapshots', one)
    if (subvolume !== undefined) count(one.tenantId, 'snapshots', subvolume)
  }
  for (const one of volumes) {
    const subvolume = at('volumes', one)
    const kind = one.id.startsWith('vs_') ? 'volumeSnapshots' : 'volumes'
    if (subvolume !== undefined) count(one.tenantId, kind, subvolume)
  }
  return { tenants: [...tenants.values()] }
}

function fresh(tenantId: string): OfTenant {
  const none = { count: 0, bytes: 0, exclusiveBytes: 0 }
  return { tenantId, sandboxes: none, snapshots: none, volumes: none, volumeSnapshots: none }
}
