import { applyLimits, type CgroupLimits } from '../cgroup/limits.js'
import { relocate } from '../cgroup/relocate.js'
import { ContainerError } from '../container/crun.js'
import { limitVolume } from '../rootfs/volume.js'
import * as lifecycle from './lifecycle.js'
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
  sandbox: SandboxRecord,
  bounds: CgroupLimits,
): Promise<SandboxRecord> {
  const ociRuntime = node.ociRuntimes.of(sandbox.isolation)
  if (!ociRuntime.relocates) {
    throw new ContainerError(
      'crun keeps its state in an unknown form, so its containers cannot be moved to a tenant',
    )
  }
  relocate(node.hierarchy, ready.cgroup, sandbox.cgroup)
  applyLimits(node.hierarchy, sandbox.cgroup, bounds, node.device)
  if (sandbox.limits.diskMiB !== ready.limits.diskMiB) {
    limitVolume(volumeOf(node, sandbox), sandbox.limits.diskMiB * mib)
  }
  if (sandbox.init !== null && sandbox.isolation === 'standard') {
    node.view.showCgroups(sandbox.init.pid, sandbox.cgroup, ready.cgroup)
  }
  const link = lifecycle.linkOf(node, sandbox)
  if (sandbox.network === 'none') await node.network.disconnect(link)
  else await node.network.apply(link, lifecycle.linkPolicyOf(sandbox))
  if (sandbox.init !== null) await ociRuntime.nameHost(sandbox.id, sandbox.init.pid, sandbox.hostname)
  // Only an exec asks for it, and none comes before the claim is answered.
  setImmediate(() => ociRuntime.relocated(sandbox.id, sandbox.cgroup))
  return sandbox
}
