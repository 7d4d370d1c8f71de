import type { Usage } from '../../protocol/index.js'
import { type CgroupUsage, readUsage } from '../cgroup/usage.js'
import { readTraffic } from '../network/veth.js'
import { volumeUsage } from '../rootfs/volume.js'
import type { NodeContext } from './node.js'
import { type Counted, counted, type Record } from './record.js'

/** One question to btrfs answers for all sandboxes; it is asked again after this long. */
const diskFreshMs = 5000

/** What a sandbox without processes uses. */
const idle: CgroupUsage = {
  ...{ cpuSeconds: 0, cpuThrottledSeconds: 0, memoryBytes: 0, memoryPeakBytes: 0, pids: 0, oomKills: 0 },
  ...{ diskReadBytes: 0, diskWriteBytes: 0 },
}

/** Reads what sandboxes use. */
export class Meter {
  #disk: Promise<Map<number, number>> = Promise.resolve(new Map())
  #diskReadAt = Number.NEGATIVE_INFINITY

  constructor(private readonly node: NodeContext) {}

  /** What it has used since it was claimed, in all its runs, and what it uses now. */
  async read(box: Record): Promise<Usage> {
    const { hierarchy, device, slot } = this.node
    // While it is being stopped its cgroup is still there, and counted already.
    const alive = box.init !== null
    const [cgroup, disk] = await Promise.all([
      alive ? readUsage(hierarchy, box.cgroup, device) : idle,
      this.#readDisk(),
    ])
    const traffic = alive ? readTraffic(slot.interfacePrefix).get(slot.interfaceName(box.index)) : undefined
    const { counted: before } = box
    return {
      ...cgroup,
      cpuSeconds: before.cpuSeconds + cgroup.cpuSeconds,
      cpuThrottledSeconds: before.cpuThrottledSeconds + cgroup.cpuThrottledSeconds,
      memoryPeakBytes: Math.max(before.memoryPeakBytes, cgroup.memoryPeakBytes),
      oomKills: before.oomKills + cgroup.oomKills,
      diskBytes: disk.get(box.volumeId) ?? 0,
      diskReadBytes: before.diskReadBytes + cgroup.diskReadBytes,
      diskWriteBytes: before.diskWriteBytes + cgroup.diskWriteBytes,
      networkRxBytes: before.networkRxBytes + (traffic?.rxBytes ?? 0),
      networkTxBytes: before.networkTxBytes + (traffic?.txBytes ?? 0),
    }
  }

  /** To be kept in the record when the cgroup and the interface go, and their counters with them. */
  async count(box: Record): Promise<Counted> {
    return counted.parse(await this.read(box))
  }

  /** The same for a link that goes while the sandbox goes on. */
  countLink(box: Record): Counted {
    const traffic = readTraffic(this.node.slot.interfacePrefix).get(this.node.slot.interfaceName(box.index))
    return {
      ...box.counted,
      networkRxBytes: box.counted.networkRxBytes + (traffic?.rxBytes ?? 0),
      networkTxBytes: box.counted.networkTxBytes + (traffic?.txBytes ?? 0),
    }
  }

  #readDisk(): Promise<Map<number, number>> {
    if (performance.now() - this.#diskReadAt > diskFreshMs) {
      this.#diskReadAt = performance.now()
      this.#disk = volumeUsage(this.node.disk)
    }
    return this.#disk
  }
}
