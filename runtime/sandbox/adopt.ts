import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { QuarantineCause } from '../../protocol/api/index.js'
import { cpusetOf } from '../cgroup/cpusets.js'
import { isFrozen, thaw } from '../cgroup/freezer.js'
import { isExiting } from '../linux/process.js'
import { destroyVolume } from '../rootfs/volume.js'
import { hasOwner, saveCopy } from './copy.js'
import * as lifecycle from './lifecycle.js'
import { Meter } from './meter.js'
import { type NodeContext, volumeOf } from './node.js'
import { readRecords, removeRecord, type SandboxRecord } from './record.js'
import { finishRollback } from './rollback.js'
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
    for (const sandbox of records) {
      this.node.ranges.adopt(sandbox.index)
      await this.#attempt(sandbox.id, async () => {
        await lifecycle.destroy(this.node, sandbox)
        // Versions before this one had disks of runs among those of sandboxes.
        const old = join(disk, 'sandboxes', sandbox.id)
        if (existsSync(old) && !existsSync(join(boxes, sandbox.id))) destroyVolume(old)
      })
    }
    for (const { name } of unreadable) removeRecord(join(passing.boxes, name))
  }

  async ofSandboxes(): Promise<void> {
    const { records, unreadable, foreign } = readRecords(this.node.boxes)
    for (const name of foreign) {
      this.node.problems.add(`${name} among the records of sandboxes is none, and was left as it is`)
    }
    for (const sandbox of records) this.node.ranges.adopt(sandbox.index)
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
    for (const one of records) await this.#attempt(one.id, () => this.#adopt(one, owners))
    this.#returnReadable(owners)
  }

  async #adopt(sandbox: SandboxRecord, owners: Set<string>): Promise<void> {
    const { node } = this
    if (sandbox.purpose === 'run' || sandbox.removing) return lifecycle.destroy(node, sandbox)
    // The first process of a PID namespace is there until the last of the others is reaped.
    const alive = lifecycle.isAlive(sandbox) && !(sandbox.init !== null && isExiting(sandbox.init.pid))
    if (sandbox.sandboxId === null ? !alive : sandbox.state === 'creating') {
      if (!hasOwner(node, sandbox)) return lifecycle.destroy(node, sandbox)
      const reason = 'its record is older than its disk, which says that it is a sandbox of somebody'
      return this.#aside(sandbox, 'outdated_record', reason)
    }
    if (sandbox.sandboxId !== null && owners.has(sandbox.sandboxId)) {
      return this.#aside(sandbox, 'duplicate_id', `another record has the id ${sandbox.sandboxId} as well`)
    }
    if (alive) {
      // An earlier runtime may have been killed while its processes stood still for a snapshot.
      if (sandbox.state === 'running' && isFrozen(node.hierarchy, sandbox.cgroup)) {
        await thaw(node.hierarchy, sandbox.cgroup)
      }
      // An earlier runtime may have been killed between the two moves of a claim.
      node.ociRuntimes.of(sandbox.isolation).relocated(sandbox.id, sandbox.cgroup)
      await takeUpView(node, sandbox)
      ;(sandbox.sandboxId === null ? this.pooled : this.claimed).push(sandbox)
    } else this.claimed.push(await this.#stopped(sandbox))
    if (sandbox.sandboxId === null) return
    owners.add(sandbox.sandboxId)
    // Versions before this one made none.
    if (existsSync(volumeOf(node, sandbox)) && !hasOwner(node, sandbox)) saveCopy(node, sandbox)
  }

  /** Its processes are gone; its disk is kept, whatever else goes wrong. */
  async #stopped(sandbox: SandboxRecord): Promise<SandboxRecord> {
    if (!existsSync(volumeOf(this.node, sandbox))) {
      this.node.problems.add(`the disk of sandbox ${sandbox.sandboxId} is missing`)
      return { ...sandbox, state: 'stopped', failure: 'its disk is missing on the node', init: null }
    }
    try {
      const whole = finishRollback(this.node, sandbox)
      const counted = await new Meter(this.node).count(sandbox)
      await lifecycle.halt(this.node, sandbox)
      return { ...whole, state: 'stopped', init: null, counted }
    } catch (error) {
      this.node.log.error(
        { err: error, id: sandbox.id },
        'what an ended sandbox left could not be cleared away',
      )
      return { ...sandbox, state: 'stopped', init: null }
    }
  }

  /** What could not be read when it was set aside and can be now, after an upgrade or by somebody's hand. */
  #returnReadable(owners: Set<string>): void {
    const { node } = this
    for (const { id, sandbox } of node.quarantine.readable()) {
      const { sandboxId, tenantId } = sandbox
      if (sandboxId === null || tenantId === null || owners.has(sandboxId)) continue
      try {
        const index = node.ranges.take()
        const moved: SandboxRecord = {
          ...{ ...sandbox, id: `b${index}`, index, init: null, state: 'stopped' },
          cgroup: join(node.cgroupRoot, tenantId, sandboxId),
        }
        this.claimed.push(node.quarantine.restore(id, moved, lifecycle.directoryOf(node, moved)))
        owners.add(sandboxId)
        node.log.warn({ id, sandboxId }, 'a quarantined sandbox has a readable record again and was restored')
      } catch (error) {
        node.log.error({ err: error, id }, 'a quarantined sandbox could not be restored')
      }
    }
  }

  async #aside(sandbox: SandboxRecord, cause: QuarantineCause, reason: string): Promise<void> {
    this.#count(await lifecycle.setAside(this.node, sandbox, { cause, reason }), sandbox.id, reason)
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
async function takeUpView(node: NodeContext, sandbox: SandboxRecord): Promise<void> {
  if (sandbox.init === null || sandbox.isolation !== 'standard') return
  await node.view.adopt(sandbox.init.pid)
  const cpus = sandbox.sandboxId === null ? undefined : cpusetOf(node.hierarchy, sandbox.cgroup)
  if (cpus !== undefined) node.cpusets.adopt(sandbox.id, cpus, sandbox.limits.cpus)
}
