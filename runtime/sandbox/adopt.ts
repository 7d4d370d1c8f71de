import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { QuarantineCause } from '../../protocol/index.js'
import { cpusetOf } from '../cgroup/cpusets.js'
import { destroyVolume } from '../rootfs/volume.js'
import { hasOwner, saveCopy } from './copy.js'
import * as life from './lifecycle.js'
import { Meter } from './meter.js'
import { type NodeContext, volumeOf } from './node.js'
import { readRecords, removeRecord, type SandboxRecord } from './record.js'
import { sweep } from './sweep.js'

/**
 * What an earlier runtime left: sandboxes that still run go on unnoticed, those whose processes are gone (a
 * reboot, say) are stopped with their disk kept, pooled ones wait again. What is proved to be nobody's is destroyed:
 * sandboxes of runs, dead ones of the pool, half-made and half-removed ones. Every other disk without a good record is
 * set aside with what there is of the record. Nothing that is wrong with one sandbox keeps the others from being adopted.
 */
export async function adopt(
  node: NodeContext,
): Promise<{ claimed: SandboxRecord[]; pooled: SandboxRecord[] }> {
  node.quarantine.resume((id, error) =>
    node.log.error({ error, id }, 'an entry of the quarantine could not be completed'),
  )
  const adoption = new Adoption(node)
  await adoption.ofRuns()
  await adoption.ofSandboxes()
  await sweep(node, [...adoption.claimed, ...adoption.pooled], adoption.left)
  adoption.report()
  return adoption
}

class Adoption {
  readonly claimed: SandboxRecord[] = []
  readonly pooled: SandboxRecord[] = []
  /** Names of containers that could be neither adopted nor cleared away, and stay as they are. */
  readonly left = new Set<string>()
  #setAside = 0

  constructor(private readonly node: NodeContext) {}

  /** Whatever ran in them is lost, or their staged exec has lost who would open it. */
  async ofRuns(): Promise<void> {
    const { passing, boxes, disk } = this.node
    const { records, unreadable } = readRecords(passing.boxes)
    for (const box of records) {
      this.node.ranges.adopt(box.index)
      await this.#attempt(box.id, async () => {
        await life.destroy(this.node, box)
        // Versions before this one had disks of runs among those of sandboxes.
        const old = join(disk, 'sandboxes', box.id)
        if (existsSync(old) && !existsSync(join(boxes, box.id))) destroyVolume(old)
      })
    }
    for (const { name } of unreadable) removeRecord(join(passing.boxes, name))
  }

  async ofSandboxes(): Promise<void> {
    const { records, unreadable, foreign } = readRecords(this.node.boxes)
    for (const name of foreign) {
      this.node.problems.add(`${name} among the records of sandboxes is none, and was left as it is`)
    }
    for (const box of records) this.node.ranges.adopt(box.index)
    for (const { name } of unreadable) this.node.ranges.adopt(Number(name.slice(1)))
    for (const { name, why } of unreadable) {
      await this.#attempt(name, async () => {
        for (const ociRuntime of this.node.ociRuntimes.all) await ociRuntime.remove(name)
        this.#count(
          this.node.quarantine.add(name, { cause: why.kind, reason: why.message }),
          name,
          why.message,
        )
        this.node.ranges.releaseAfter(Number(name.slice(1)), Promise.resolve(), this.node.log)
      })
    }
    const owners = new Set<string>()
    for (const box of records) await this.#attempt(box.id, () => this.#adopt(box, owners))
    this.#returnReadable(owners)
  }

  async #adopt(box: SandboxRecord, owners: Set<string>): Promise<void> {
    const { node } = this
    if (box.purpose === 'run' || box.removing) return life.destroy(node, box)
    const alive = life.isAlive(box)
    if (box.sandboxId === null ? !alive : box.state === 'creating') {
      if (!hasOwner(node, box)) return life.destroy(node, box)
      const reason = 'its record is older than its disk, which says that it is a sandbox of somebody'
      return this.#aside(box, 'outdated_record', reason)
    }
    if (box.sandboxId !== null && owners.has(box.sandboxId)) {
      return this.#aside(box, 'duplicate_id', `another record has the id ${box.sandboxId} as well`)
    }
    if (alive) {
      // An earlier runtime may have been killed between the two moves of a claim.
      node.ociRuntimes.of(box.isolation).relocated(box.id, box.cgroup)
      await takeUpView(node, box)
      ;(box.sandboxId === null ? this.pooled : this.claimed).push(box)
    } else this.claimed.push(await this.#stopped(box))
    if (box.sandboxId === null) return
    owners.add(box.sandboxId)
    // Versions before this one made none.
    if (existsSync(volumeOf(node, box)) && !hasOwner(node, box)) saveCopy(node, box)
  }

  /** Its processes are gone; its disk is kept, whatever else goes wrong. */
  async #stopped(box: SandboxRecord): Promise<SandboxRecord> {
    if (!existsSync(volumeOf(this.node, box))) {
      this.node.problems.add(`the disk of sandbox ${box.sandboxId} is missing`)
      return { ...box, state: 'stopped', failure: 'its disk is missing on the node', init: null }
    }
    try {
      const counted = await new Meter(this.node).count(box)
      await life.halt(this.node, box)
      return { ...box, state: 'stopped', init: null, counted }
    } catch (error) {
      this.node.log.error({ err: error, id: box.id }, 'what an ended sandbox left could not be cleared away')
      return { ...box, state: 'stopped', init: null }
    }
  }

  /** What could not be read when it was set aside and can be now, after an upgrade or by somebody's hand. */
  #returnReadable(owners: Set<string>): void {
    const { node } = this
    for (const { id, box } of node.quarantine.readable()) {
      const { sandboxId, tenantId } = box
      if (sandboxId === null || tenantId === null || owners.has(sandboxId)) continue
      try {
        const index = node.ranges.take()
        const moved: SandboxRecord = {
          ...{ ...box, id: `b${index}`, index, init: null, state: 'stopped' },
          cgroup: join(node.cgroupRoot, tenantId, sandboxId),
        }
        this.claimed.push(node.quarantine.restore(id, moved, life.directoryOf(node, moved)))
        owners.add(sandboxId)
        node.log.warn({ id, sandboxId }, 'a quarantined sandbox has a readable record again and was restored')
      } catch (error) {
        node.log.error({ err: error, id }, 'a quarantined sandbox could not be restored')
      }
    }
  }

  async #aside(box: SandboxRecord, cause: QuarantineCause, reason: string): Promise<void> {
    this.#count(await life.setAside(this.node, box, { cause, reason }), box.id, reason)
  }

  #count(id: string, name: string, reason: string): void {
    this.#setAside++
    this.node.log.error({ id, name, reason }, 'a sandbox was put into quarantine with its disk')
  }

  /** Nothing that is wrong with one may keep the others from being adopted. */
  async #attempt(name: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.left.add(name)
      this.node.log.error(
        { err: error, name },
        'a sandbox could be neither adopted nor removed and is left as it is',
      )
    }
  }

  /** Once more, for whoever looks at the end of the log or at the operator's page. */
  report(): void {
    const waiting = this.node.quarantine.ids().length
    if (waiting > 0) {
      const about = { now: this.#setAside, waiting, adopted: this.claimed.length }
      this.node.log.error(about, 'sandboxes are in quarantine: restore or delete them on the operator page')
    }
    if (this.left.size > 0) {
      const names = [...this.left].join(', ')
      this.node.problems.add(
        `containers could be neither adopted nor removed, and are left as they are: ${names}`,
      )
    }
  }
}

/** Its files are replaced when lxcfs is, and its processors stay its own. */
async function takeUpView(node: NodeContext, box: SandboxRecord): Promise<void> {
  if (box.init === null || box.isolation !== 'standard') return
  await node.view.adopt(box.init.pid)
  const cpus = box.sandboxId === null ? undefined : cpusetOf(node.hierarchy, box.cgroup)
  if (cpus !== undefined) node.cpusets.adopt(box.id, cpus, box.limits.cpus)
}
