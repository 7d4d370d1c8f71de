import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Usage } from '../../protocol/api/index.js'
import { type CgroupUsage, type ReadSmall, readSmall, readUsage } from '../cgroup/usage.js'
import { readTraffic, type Traffic } from '../network/veth.js'
import { qgroupOf } from '../rootfs/volume.js'
import type { NodeContext } from './node.js'
import { RateMeter } from './rates.js'
import { type Counted, counted, type SandboxRecord } from './record.js'

/** Sandboxes that are read before other work gets its turn, some 2 ms; and time after which it gets it in any case. */
const [sliceOf, sliceMs] = [16, 3]

/** What a sandbox without processes uses. */
const idle: CgroupUsage = {
  ...{ cpuSeconds: 0, cpuThrottledSeconds: 0, memoryBytes: 0, memoryPeakBytes: 0, pids: 0, oomKills: 0 },
  ...{ diskReadBytes: 0, diskWriteBytes: 0 },
}

/** Reads what sandboxes use. */
export class Meter {
  /** @param read of what the kernel counts; a test counts with it */
  constructor(
    private readonly node: Pick<NodeContext, 'slot' | 'hierarchy' | 'device' | 'disk'>,
    private readonly read: ReadSmall = readSmall,
  ) {}

  readonly #rates = new RateMeter()

  /** What it has used since it was claimed, in all its runs, and what it uses now. */
  async readOne(sandbox: SandboxRecord): Promise<Usage> {
    const [usage] = await this.readAll([sandbox])
    if (usage === undefined) throw new Error('one reading for each sandbox')
    return usage
  }

  /**
   * The same of many, in their order. What they share, the links' counters, is read once for all of them, and other work
   * gets its turn after each slice. No process is started: that alone would stop everything here for some time.
   */
  async readAll(boxes: readonly SandboxRecord[]): Promise<Usage[]> {
    const { slot } = this.node
    const traffic = boxes.some(({ init }) => init !== null)
      ? readTraffic(slot.interfacePrefix, this.read)
      : undefined
    const usages: Usage[] = []
    let [read, began] = [0, performance.now()]
    for (const sandbox of boxes) {
      if (read === sliceOf || performance.now() - began > sliceMs) {
        await setImmediate()
        ;[read, began] = [0, performance.now()]
      }
      const usage = this.#sum(sandbox, traffic?.get(slot.interfaceName(sandbox.index)))
      usages.push({ ...usage, rates: sandbox.init === null ? null : this.#rates.rates(sandbox.id, usage) })
      read++
    }
    return usages
  }

  #sum(sandbox: SandboxRecord, link: Traffic | undefined): Omit<Usage, 'rates'> {
    const { hierarchy, device } = this.node
    // While it is being stopped its cgroup is still there, and counted already.
    const alive = sandbox.init !== null
    const cgroup = alive ? readUsage(hierarchy, sandbox.cgroup, device, this.read) : idle
    const traffic = alive ? link : undefined
    const { counted: before } = sandbox
    return {
      ...cgroup,
      cpuSeconds: before.cpuSeconds + cgroup.cpuSeconds,
      cpuThrottledSeconds: before.cpuThrottledSeconds + cgroup.cpuThrottledSeconds,
      memoryPeakBytes: Math.max(before.memoryPeakBytes, cgroup.memoryPeakBytes),
      oomKills: before.oomKills + cgroup.oomKills,
      diskBytes: this.#diskBytes(sandbox),
      diskReadBytes: before.diskReadBytes + cgroup.diskReadBytes,
      diskWriteBytes: before.diskWriteBytes + cgroup.diskWriteBytes,
      networkRxBytes: before.networkRxBytes + (traffic?.rxBytes ?? 0),
      networkTxBytes: before.networkTxBytes + (traffic?.txBytes ?? 0),
    }
  }

  /** These are all that there are: what is known of others is forgotten. */
  keep(boxes: readonly SandboxRecord[]): void {
    this.#rates.keep(new Set(boxes.map(({ id }) => id)))
  }

  /** To be kept in the record when the cgroup and the interface go, and their counters with them. */
  async count(sandbox: SandboxRecord): Promise<Counted> {
    return counted.parse(await this.readOne(sandbox))
  }

  /** The same for a link that goes while the sandbox goes on. */
  countLink(sandbox: SandboxRecord): Counted {
    const traffic = readTraffic(this.node.slot.interfacePrefix).get(
      this.node.slot.interfaceName(sandbox.index),
    )
    return {
      ...sandbox.counted,
      networkRxBytes: sandbox.counted.networkRxBytes + (traffic?.rxBytes ?? 0),
      networkTxBytes: sandbox.counted.networkTxBytes + (traffic?.txBytes ?? 0),
    }
  }

  /** As of the last commit of the file system, up to 30 s ago. */
  #diskBytes({ volumeId }: SandboxRecord): number {
    return Number(this.read(join(qgroupOf(this.node.disk, volumeId), 'referenced')))
  }
}
