import { applyLimits, type CgroupLimits } from '../cgroup/limits.js'
import { relocate } from '../cgroup/relocate.js'
import { limitVolume } from '../rootfs/volume.js'
import * as life from './lifecycle.js'
import { type NodeContext, volumeOf } from './node.js'
import type { SandboxRecord } from './record.js'

const mib = 1024 ** 2

/**
 * Turns a pooled sandbox into the one that was claimed: what the kernel must hold it to is in place when this
 * resolves. All of it but the network's policy is a few dozen direct calls, less than a millisecond.
 *
 * @param bounds what its cgroup is held to
 * @throws when any of it fails; the caller destroys it
 */
export async function assignPooled(
  node: NodeContext,
  ready: SandboxRecord,
  box: SandboxRecord,
  bounds: CgroupLimits,
): Promise<SandboxRecord> {
  const ociRuntime = node.ociRuntimes.of(box.isolation)
  relocate(node.hierarchy, ready.cgroup, box.cgroup)
  applyLimits(node.hierarchy, box.cgroup, bounds, node.device)
  if (box.limits.diskMiB !== ready.limits.diskMiB) {
    limitVolume(volumeOf(node, box), box.limits.diskMiB * mib)
  }
  const shown =
    box.init !== null && box.isolation === 'standard'
      ? node.view.showCgroups(box.init.pid, box.cgroup, ready.cgroup)
      : undefined
  const link = life.linkOf(node, box)
  if (box.network === 'none') await node.network.disconnect(link)
  else await node.network.apply(link, life.linkPolicyOf(box))
  if (box.init !== null) await ociRuntime.nameHost(box.id, box.init.pid, box.hostname)
  await shown
  // Only an exec asks for it, and none comes before the claim is answered.
  setImmediate(() => ociRuntime.relocated(box.id, box.cgroup))
  return box
}
