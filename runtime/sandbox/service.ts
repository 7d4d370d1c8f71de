import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { Change, Claim, Quota, RuntimeSandbox } from '../../protocol/index.js'
import { freeze, thaw } from '../cgroup/freezer.js'
import { removeCgroup } from '../cgroup/hierarchy.js'
import { applyLimits } from '../cgroup/limits.js'
import { relocate } from '../cgroup/relocate.js'
import { rewriteCgroupPath } from '../container/crun.js'
import { notFound, notRunning, RuntimeRefusal } from '../errors.js'
import { sethostname, setns } from '../linux/libc.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { limitVolume } from '../rootfs/volume.js'
import * as life from './life.js'
import { Meter } from './meter.js'
import type { NodeContext } from './node.js'
import { type Record, saveRecord } from './record.js'

const newUts = 0x04000000
const mib = 1024 ** 2

/** Where a claim finds a sandbox that is ready. */
export interface Warm {
  take(claim: Claim): Record | undefined
}

/** Every claimed sandbox of this node, by its public id. Calls for one sandbox happen one after the other. */
export class Sandboxes {
  readonly #boxes = new Map<string, Record>()
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly #quotas = new Map<string, string>()
  readonly meter: Meter

  constructor(
    private readonly node: NodeContext,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly warm: Warm,
  ) {
    this.meter = new Meter(node)
  }

  list(): Record[] {
    return [...this.#boxes.values()]
  }

  /** @throws RuntimeRefusal `not_found` */
  get(id: string): Record {
    const box = this.#boxes.get(id)
    if (box === undefined) throw notFound(id)
    return box
  }

  /** @throws RuntimeRefusal `sandbox_not_running` */
  running(id: string): Record {
    const box = this.get(id)
    if (box.state !== 'running') throw notRunning(id, box.state)
    return box
  }

  /** @param metered with live usage; without it the answer needs no question to the kernel */
  async describe(box: Record, metered = true): Promise<RuntimeSandbox> {
    const { template, state, failure, limits, network, isolation, warm } = box
    const alive = state === 'running' || state === 'paused'
    const usage = alive && metered ? await this.meter.read(box) : null
    const id = box.sandboxId ?? ''
    const tenantId = box.tenantId ?? ''
    return {
      id,
      tenantId,
      template,
      state,
      failure,
      limits,
      network,
      isolation,
      warm,
      usage,
      allowedNames: [],
    }
  }

  /** Takes up a sandbox that an earlier runtime made. */
  adopt(box: Record): void {
    if (box.sandboxId === null) return
    this.#keep(box)
    if (box.init !== null) this.#watch(box)
  }

  /** A sandbox for a tenant: from the pool, or made now. Asked again with the same id it is the same one. */
  claim(id: string, claim: Claim): Promise<{ box: Record; created: boolean }> {
    return this.#inTurn(id, async () => {
      const known = this.#boxes.get(id)
      if (known !== undefined) {
        if (known.tenantId !== claim.tenantId) throw new RuntimeRefusal('conflict', `${id} is taken`)
        return { box: known, created: false }
      }
      const template = this.templates().get(claim.template)
      if (template === undefined || !template.isolation.includes(claim.isolation)) {
        throw new RuntimeRefusal(
          'template_unavailable',
          `this node has no ${claim.isolation} template ${claim.template}`,
        )
      }
      const parent = this.setQuota(claim.tenantId, claim.quota)
      const cgroup = join(parent, id)
      const ready = this.warm.take(claim)
      const box =
        ready === undefined ? await this.make(id, claim, cgroup) : await this.#bind(ready, id, claim, cgroup)
      this.#keep(box)
      this.#watch(box)
      return { box, created: true }
    })
  }

  /** Makes a sandbox from nothing: for a claim, or with `id` null for the pool. */
  async make(
    id: string | null,
    claim: Omit<Claim, 'quota' | 'tenantId'> & { tenantId: string | null },
    cgroup: string,
  ) {
    const template = this.templates().get(claim.template)
    if (template === undefined) {
      throw new RuntimeRefusal('template_unavailable', `this node has no template ${claim.template}`)
    }
    const index = this.node.ranges.take()
    const { limits, network, isolation, env, hostname } = claim
    const fresh: Record = {
      id: `b${index}`,
      index,
      sandboxId: id,
      tenantId: claim.tenantId,
      template: claim.template,
      layers: template.layers,
      state: 'creating',
      failure: null,
      ...{ limits, network, isolation, env, hostname, cgroup },
      warm: false,
      volumeId: 0,
      init: null,
      createdAt: new Date().toISOString(),
    }
    try {
      saveRecord(life.directoryOf(this.node, fresh), fresh)
      return await life.boot(this.node, life.makeDisk(this.node, fresh))
    } catch (error) {
      await life.tearDown(this.node, fresh)
      throw error
    }
  }

  /** Hands a pooled sandbox to a tenant. */
  async #bind(ready: Record, id: string, claim: Claim, cgroup: string): Promise<Record> {
    const { limits, network, env, hostname, tenantId } = claim
    const box: Record = {
      ...ready,
      sandboxId: id,
      tenantId,
      limits,
      network,
      env,
      hostname,
      cgroup,
      warm: true,
    }
    try {
      relocate(this.node.hierarchy, ready.cgroup, cgroup)
      rewriteCgroupPath(this.node.oci, box.id, cgroup)
      applyLimits(this.node.hierarchy, cgroup, limits)
      if (limits.diskMiB !== ready.limits.diskMiB) this.#limitDisk(box)
      if (network !== 'internet') await life.detachNetwork(this.node, box)
      if (box.init !== null) nameHost(box.init.pid, hostname)
      return box
    } catch (error) {
      await life.tearDown(this.node, box)
      throw error
    }
  }

  change(id: string, change: Change): Promise<Record> {
    return this.#inTurn(id, async () => {
      const before = this.get(id)
      const box = {
        ...before,
        limits: change.limits ?? before.limits,
        network: change.network ?? before.network,
      }
      if (change.limits !== undefined) {
        if (before.init !== null) applyLimits(this.node.hierarchy, box.cgroup, box.limits)
        this.#limitDisk(box)
      }
      if (box.network !== before.network && box.init !== null) {
        if (box.network !== 'internet') await life.detachNetwork(this.node, box)
        else await life.attachNetwork(this.node, box, box.init.pid)
      }
      return this.#keep(box)
    })
  }

  pause(id: string): Promise<Record> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      if (box.state === 'paused') return box
      if (box.state !== 'running') throw notRunning(id, box.state)
      await freeze(this.node.hierarchy, box.cgroup)
      return this.#keep({ ...box, state: 'paused' })
    })
  }

  resume(id: string): Promise<Record> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      if (box.state === 'running') return box
      if (box.state !== 'paused') throw notRunning(id, box.state)
      await thaw(this.node.hierarchy, box.cgroup)
      return this.#keep({ ...box, state: 'running' })
    })
  }

  /** Ends what runs inside; the disk stays. */
  stop(id: string): Promise<Record> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      if (box.init === null) return box
      this.#boxes.set(id, { ...box, state: 'stopped', init: null })
      if (box.state === 'paused') await thaw(this.node.hierarchy, box.cgroup)
      await life.halt(this.node, box)
      return this.#keep({ ...box, state: 'stopped', init: null })
    })
  }

  start(id: string): Promise<Record> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      if (box.init !== null) return box
      const running = await life.boot(this.node, box)
      this.#keep(running)
      this.#watch(running)
      return running
    })
  }

  /** Destroys a sandbox with its disk. One that is gone already is no error. */
  remove(id: string): Promise<void> {
    return this.#inTurn(id, async () => {
      const box = this.#boxes.get(id)
      if (box === undefined) return
      this.#boxes.delete(id)
      if (box.state === 'paused') await thaw(this.node.hierarchy, box.cgroup)
      await life.tearDown(this.node, box)
      await this.#forgetTenant(box)
    })
  }

  /** Holds all sandboxes of a tenant together to its quota, in the kernel. @returns the tenant's cgroup */
  setQuota(tenantId: string, quota: Quota): string {
    const wanted = JSON.stringify(quota)
    const path = join(this.node.cgroupRoot, tenantId)
    if (this.#quotas.get(tenantId) === wanted) return path
    life.makeParentCgroup(this.node, tenantId)
    applyLimits(this.node.hierarchy, path, quota)
    this.#quotas.set(tenantId, wanted)
    return path
  }

  async #forgetTenant(box: Record): Promise<void> {
    const { tenantId } = box
    if (tenantId === null || this.list().some((other) => other.tenantId === tenantId)) return
    this.#quotas.delete(tenantId)
    await removeCgroup(this.node.hierarchy, join(this.node.cgroupRoot, tenantId)).catch((error: unknown) =>
      this.node.log.warn({ error, tenantId }, 'the cgroup of a tenant without sandboxes stays'),
    )
  }

  #watch(box: Record): void {
    life.watchExit(this.node, box, () => {
      void this.#ended(box).catch((error: unknown) =>
        this.node.log.error({ error, id: box.id }, 'cleaning up failed'),
      )
    })
  }

  /** The first process is gone without having been asked to go. */
  async #ended(box: Record): Promise<void> {
    const id = box.sandboxId ?? ''
    await this.#inTurn(id, async () => {
      const now = this.#boxes.get(id)
      if (now === undefined || now.init?.pid !== box.init?.pid || life.isAlive(now)) return
      await life.halt(this.node, now)
      this.#keep({ ...now, state: 'stopped', failure: 'its first process ended', init: null })
    })
  }

  #limitDisk(box: Record): void {
    limitVolume(join(this.node.disk, 'sandboxes', box.id), box.limits.diskMiB * mib)
  }

  #keep(box: Record): Record {
    this.#save(box)
    if (box.sandboxId !== null) this.#boxes.set(box.sandboxId, box)
    return box
  }

  #save(box: Record): void {
    saveRecord(life.directoryOf(this.node, box), box)
  }

  /** Runs `act` after everything that was asked of the same sandbox before. */
  #inTurn<T>(id: string, act: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(id) ?? Promise.resolve()
    const mine = before.then(act, act)
    const settled = mine.catch(() => {})
    this.#queues.set(id, settled)
    void settled.then(() => {
      if (this.#queues.get(id) === settled) this.#queues.delete(id)
    })
    return mine
  }
}

/** Names a container's host from outside: only this thread visits its UTS namespace, and only for two calls. */
function nameHost(pid: number, hostname: string): void {
  const own = openSync('/proc/self/ns/uts', 'r')
  const theirs = openSync(`/proc/${pid}/ns/uts`, 'r')
  try {
    setns(theirs, newUts)
    sethostname(hostname)
  } finally {
    setns(own, newUts)
    closeSync(own)
    closeSync(theirs)
  }
}
