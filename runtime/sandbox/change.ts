import { changeLimits } from '../cgroup/limits.js'
import { assertFits } from '../cgroup/usage-check.js'
import { RuntimeRefusal } from '../errors.js'
import { limitVolume } from '../rootfs/volume.js'
import { assertDiskFits } from './disk-usage-check.js'
import * as lifecycle from './lifecycle.js'
import type { Maker } from './make.js'
import { fitMemoryFiles } from './memory-fit.js'
import type { Meter } from './meter.js'
import { type NodeContext, volumeOf } from './node.js'
import type { SandboxRecord } from './record.js'

const mib = 1024 ** 2

/**
 * Holds a sandbox to other limits: all of them, or none when one does not fit.
 * @throws RuntimeRefusal `quota_exceeded` when more is in use, CgroupWriteError
 */
export async function holdTo(
  node: NodeContext,
  maker: Maker,
  sandbox: SandboxRecord,
  before: SandboxRecord,
): Promise<void> {
  const { hierarchy, device } = node
  await assertDiskFits(node, sandbox, before)
  if (sandbox.init !== null) {
    await assertFits(hierarchy, sandbox.cgroup, maker.hostLimits(sandbox), `sandbox ${sandbox.sandboxId}`)
    await fitMemoryFiles(node.reaper, sandbox, before)
    try {
      changeLimits(hierarchy, sandbox.cgroup, maker.boundsOf(sandbox), device)
    } catch (error) {
      await fitMemoryFiles(node.reaper, before, before)
      throw error
    }
  }
  limitDisk(node, sandbox)
}

export function limitDisk(node: NodeContext, sandbox: SandboxRecord): void {
  limitVolume(volumeOf(node, sandbox), sandbox.limits.diskMiB * mib)
}

/**
 * Brings the link of a running sandbox to its policy.
 * @throws RuntimeRefusal `conflict` when it cannot be given a link while it runs
 */
export async function relink(
  node: NodeContext,
  meter: Meter,
  sandbox: SandboxRecord,
  before: SandboxRecord,
): Promise<SandboxRecord> {
  const { network } = node
  const [link, wanted] = [lifecycle.linkOf(node, sandbox), lifecycle.linkPolicyOf(sandbox)]
  if (!lifecycle.isLinked(sandbox) && lifecycle.isLinked(before)) {
    const counted = meter.countLink(sandbox)
    await network.disconnect(link)
    return { ...sandbox, counted }
  }
  if (!lifecycle.isLinked(before) && sandbox.init !== null) {
    if (!node.ociRuntimes.of(sandbox.isolation).linksLater) throw unlinked(sandbox)
    await network.connect(link, wanted, sandbox.init.pid)
  } else await network.apply(link, wanted)
  return sandbox
}

const unlinked = (sandbox: SandboxRecord) =>
  new RuntimeRefusal(
    'conflict',
    `sandbox ${sandbox.sandboxId} is ${sandbox.isolation} and has no network: it can be given one only while it is stopped`,
  )
