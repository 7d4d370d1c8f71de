import { setImmediate } from 'node:timers/promises'
import type { Usage } from '../../protocol/index.js'
import { type CgroupUsage, readUsage } from '../cgroup/usage.js'
import { readTraffic, type Traffic } from '../network/veth.js'
import { volumeUsage } from '../rootfs/volume.js'
import type { NodeContext } from './node.js'
import { type Counted, counted, type Record } from './record.js'

/** One question to btrfs answers for all sandboxes; it is asked again after this long. */
const diskFreshMs = 5000

/** Sandboxes that are read before other work gets its turn: some 3 ms. */
const sliceOf = 8

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
    const [usage] = await this.readAll([box])
    if (usage === undefined) throw new Error('one reading for each sandbox')
    return usage
  }

  /**
   * The same of many, in their order. What they share, the links' counters and the disk, is read once for all of them,
   * and other work gets its turn after each slice.
   */
  async readAll(boxes: readonly Record[]): Promise<Usage[]> {
    const { slot } = this.node
    const disk = await this.#readDisk()
    const traffic = boxes.some(({ init }) => init !== null) ? readTraffic(slot.interfacePrefix) : undefined
    const usages: Usage[] = []
    for (let at = 0; at < boxes.length; at += sliceOf) {
      if (at > 0) await setImmediate()
      const slice = boxes.slice(at, at + sliceOf)
      usages.push(
        ...(await Promise.all(
          slice.map((box) => this.#sum(box, disk, traffic?.get(slot.interfaceName(box.index)))),
        )),
      )
    }
    return usages
  }

  async #sum(box: Record, disk: ReadonlyMap<number, number>, link: Traffic | undefined): Promise<Usage> {
    const { hierarchy, device } = this.node
    // While it is being stopped its cgroup is still there, and counted already.
    const alive = box.init !== null
    const cgroup = alive ? await readUsage(hierarchy, box.cgroup, device) : idle
    const traffic = alive ? link : undefined
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
