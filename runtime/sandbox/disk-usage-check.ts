import { inUse } from '../cgroup/usage-check.js'
import { volumeUsage } from '../rootfs/volume.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'

const mib = 1024 ** 2

/**
 * Looks whether what is on a sandbox's disk fits `sandbox`'s limit: the kernel would take a lower one and fail every
 * later write.
 * @throws RuntimeRefusal `quota_exceeded`
 */
export async function assertDiskFits(
  node: NodeContext,
  sandbox: SandboxRecord,
  before: SandboxRecord,
): Promise<void> {
  const { diskMiB } = sandbox.limits
  if (diskMiB >= before.limits.diskMiB) return
  const heldMiB = ((await volumeUsage(node.disk, true)).get(sandbox.volumeId) ?? 0) / mib
  if (heldMiB <= diskMiB) return
  throw inUse(`sandbox ${sandbox.sandboxId}`, `${diskMiB} MiB of disk`, `${Math.ceil(heldMiB)} MiB`)
}
