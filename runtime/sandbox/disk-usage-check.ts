import { inUse } from '../cgroup/usage-check.js'
import { volumeUsage } from '../rootfs/volume.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'

const mib = 1024 ** 2

/**
 * Looks whether what is on a sandbox's disk fits `box`'s limit: the kernel would take a lower one and fail every
 * later write.
 * @throws RuntimeRefusal `quota_exceeded`
 */
export async function assertDiskFits(
  node: NodeContext,
  box: SandboxRecord,
  before: SandboxRecord,
): Promise<void> {
  const { diskMiB } = box.limits
  if (diskMiB >= before.limits.diskMiB) return
  const heldMiB = ((await volumeUsage(node.disk, true)).get(box.volumeId) ?? 0) / mib
  if (heldMiB <= diskMiB) return
  throw inUse(`sandbox ${box.sandboxId}`, `${diskMiB} MiB of disk`, `${Math.ceil(heldMiB)} MiB`)
}
