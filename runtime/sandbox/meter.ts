import type { Usage } from '../../protocol/index.js'
import { readUsage } from '../cgroup/usage.js'
import { readTraffic } from '../network/veth.js'
import { volumeUsage } from '../rootfs/volume.js'
import type { NodeContext } from './node.js'
import type { Record } from './record.js'

/** One question to btrfs answers for all sandboxes; it is asked again after this long. */
const diskFreshMs = 5000

/** Reads what sandboxes use. */
export class Meter {
  #disk: Promise<Map<number, number>> = Promise.resolve(new Map())
  #diskReadAt = Number.NEGATIVE_INFINITY

  constructor(private readonly node: NodeContext) {}

  async read(box: Record): Promise<Usage> {
    const [cgroup, disk] = await Promise.all([
      readUsage(this.node.hierarchy, box.cgroup, this.node.device),
      this.#readDisk(),
    ])
    const traffic = readTraffic(this.node.slot.interfacePrefix).get(this.node.slot.interfaceName(box.index))
    return {
      ...cgroup,
      diskBytes: disk.get(box.volumeId) ?? 0,
      networkRxBytes: traffic?.rxBytes ?? 0,
      networkTxBytes: traffic?.txBytes ?? 0,
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
