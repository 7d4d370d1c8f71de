import { changeLimits } from '../cgroup/limits.js'
import { assertFits } from '../cgroup/usage-check.js'
import { RuntimeRefusal } from '../errors.js'
import { limitVolume } from '../rootfs/volume.js'
import { assertDiskFits } from './disk-usage-check.js'
import * as life from './lifecycle.js'
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
  box: SandboxRecord,
  before: SandboxRecord,
): Promise<void> {
  const { hierarchy, device } = node
  await assertDiskFits(node, box, before)
  if (box.init !== null) {
    await assertFits(hierarchy, box.cgroup, maker.hostLimits(box), `sandbox ${box.sandboxId}`)
    await fitMemoryFiles(node.reaper, box, before)
    try {
      changeLimits(hierarchy, box.cgroup, maker.boundsOf(box), device)
    } catch (error) {
      await fitMemoryFiles(node.reaper, before, before)
      throw error
    }
  }
  limitDisk(node, box)
}

export function limitDisk(node: NodeContext, box: SandboxRecord): void {
  limitVolume(volumeOf(node, box), box.limits.diskMiB * mib)
}

/**
 * Brings the link of a running sandbox to its policy.
 * @throws RuntimeRefusal `conflict` when it cannot be given a link while it runs
 */
export async function relink(
  node: NodeContext,
  meter: Meter,
  box: SandboxRecord,
  before: SandboxRecord,
): Promise<SandboxRecord> {
  const { network } = node
  const [link, wanted] = [life.linkOf(node, box), life.linkPolicyOf(box)]
  if (box.network === 'none' && before.network !== 'none') {
    const counted = meter.countLink(box)
    await network.disconnect(link)
    return { ...box, counted }
  }
  if (before.network === 'none' && box.init !== null) {
    if (!node.ociRuntimes.of(box.isolation).linksLater) throw unlinked(box)
    await network.connect(link, wanted, box.init.pid)
  } else await network.apply(link, wanted)
  return box
}

const unlinked = (box: SandboxRecord) =>
  new RuntimeRefusal(
    'conflict',
    `sandbox ${box.sandboxId} is ${box.isolation} and has no network: it can be given one only while it is stopped`,
  )
