import { join } from 'node:path'
import {
  type Change,
  type Claim,
  defaultGraceMs,
  type QuarantineEntry,
  type QuarantineRequest,
  type Quota,
  type RestoreRequest,
  type RuntimeSandbox,
  type SandboxState,
} from '../../protocol/index.js'
import { pin } from '../cgroup/cpusets.js'
import { freeze, thaw } from '../cgroup/freezer.js'
import { CgroupWriteError } from '../cgroup/hierarchy.js'
import { notFound, notRunning, RuntimeRefusal } from '../errors.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { assignPooled } from './assign-pooled.js'
import { assertCapacity } from './capacity.js'
import { holdTo, limitDisk, relink } from './change.js'
import { saveCopy } from './copy.js'
import { ensureKillable } from './killable.js'
import * as life from './lifecycle.js'
import type { Maker } from './make.js'
import { Meter } from './meter.js'
import type { NodeContext } from './node.js'
import type { PoolSource } from './pool-source.js'
import { type SandboxRecord, saveRecord, syncRecord } from './record.js'
import { restored } from './restore.js'
import type { Tenants } from './tenants.js'
import { Terminations } from './terminate.js'

/** Every claimed sandbox of this node, by its public id. Calls for one sandbox happen one after the other. */
export class Sandboxes {
  readonly #boxes = new Map<string, SandboxRecord>()
  /** Of those that are being stopped. */
  readonly #terminations: Terminations
  readonly #queues = new Map<string, Promise<unknown>>()
  readonly meter: Meter

  constructor(
    private readonly node: NodeContext,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly maker: Maker,
    readonly tenants: Tenants,
    private readonly warm: PoolSource,
  ) {
    this.meter = new Meter(node)
    this.#terminations = new Terminations(node, tenants)
  }

  list(): SandboxRecord[] {
    return [...this.#boxes.values()]
  }

  /** @throws RuntimeRefusal `not_found` */
  get(id: string): SandboxRecord {
    const box = this.#boxes.get(id)
    if (box === undefined) throw notFound('sandbox', id)
    return box
  }

  /** @throws RuntimeRefusal `sandbox_not_running` */
  running(id: string): SandboxRecord {
    const box = this.get(id)
    const state = this.stateOf(box)
    if (state !== 'running') throw notRunning(id, state)
    return box
  }

  /** In a tenant that is paused nothing runs. */
  stateOf(box: SandboxRecord): SandboxState {
    return box.state === 'running' && this.tenants.isPaused(box.tenantId) ? 'paused' : box.state
  }

  /** @param metered with live usage; without it the answer needs no question to the kernel */
  async describe(box: SandboxRecord, metered = true): Promise<RuntimeSandbox> {
    return this.#present(box, metered ? await this.meter.readOne(box) : null)
  }

  /** Every sandbox with its live usage, in one pass. */
  async describeAll(): Promise<RuntimeSandbox[]> {
    const boxes = this.list()
    const usages = await this.meter.readAll(boxes)
    return boxes.map((box, at) => this.#present(box, usages[at] ?? null))
  }

  #present(box: SandboxRecord, usage: RuntimeSandbox['usage']): RuntimeSandbox {
    const { template, failure, limits, network, isolation, warm } = box
    const state = this.stateOf(box)
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
      allowedNames: this.node.network.describe(life.linkOf(this.node, box)),
    }
  }

  /** Takes up a sandbox that an earlier runtime made. */
  adopt(box: SandboxRecord): void {
    if (box.sandboxId === null) return
    this.#keep(box)
    if (box.tenantId !== null) this.tenants.adopt(box.tenantId)
    if (box.init !== null) this.#watch(box)
  }

  /** A sandbox for a tenant: from the pool, or made now. Asked again with the same id it is the same one. */
  claim(id: string, claim: Claim): Promise<{ box: SandboxRecord; created: boolean }> {
    return this.#inTurn(id, async () => {
      const known = this.#boxes.get(id)
      if (known !== undefined) {
        if (known.tenantId !== claim.tenantId) throw new RuntimeRefusal('conflict', `${id} is taken`)
        return { box: known, created: false }
      }
      const template = this.templates().get(claim.template)
      if (template === undefined || !template.isolation.includes(claim.isolation)) {
        throw unavailable(`this node has no ${claim.isolation} template ${claim.template}`)
      }
      const { ociRuntimes } = this.node
      if (!ociRuntimes.offers(claim.isolation)) throw unavailable(ociRuntimes.hardenedProblem ?? '')
      assertCapacity(this.node)
      const began = performance.now()
      const parent = await this.tenants.join(claim.tenantId, claim.quota, claim.limits)
      try {
        const cgroup = join(parent, id)
        const box =
          (await this.#takeWarm(id, claim, cgroup)) ??
          (await this.maker.make(id, { ...claim, purpose: 'sandbox' }, cgroup))
        this.#keep(box)
        setImmediate(() => {
          this.#watch(box)
          if (box.warm) this.#secure(box)
        })
        this.warm.recordLatency(claim, 'sandbox', performance.now() - began)
        return { box, created: true }
      } catch (error) {
        this.tenants.leave(claim.tenantId)
        throw error
      }
    })
  }

  /** From the pool. One that dies between its check and its claim is as if there had been none. */
  async #takeWarm(id: string, claim: Claim, cgroup: string): Promise<SandboxRecord | undefined> {
    const ready = this.warm.take(claim, 'sandbox')
    if (ready === undefined) return undefined
    const { limits, network, env, hostname, tenantId } = claim
    const wanted = { sandboxId: id, tenantId, limits, network, env, hostname, cgroup, warm: true }
    const box = { ...ready, ...wanted }
    try {
      return await assignPooled(this.node, ready, box, this.maker.boundsOf(box))
    } catch (error) {
      await life.destroy(this.node, box)
      // What the kernel refuses of a claim it would refuse of a new sandbox too.
      if (error instanceof CgroupWriteError || error instanceof RuntimeRefusal) throw error
      this.node.log.warn({ error, id: ready.id }, 'a pooled sandbox could not be handed out')
      return undefined
    }
  }

  change(id: string, change: Change): Promise<SandboxRecord> {
    return this.#inTurn(id, async () => {
      const before = this.get(id)
      const box = {
        ...before,
        limits: change.limits ?? before.limits,
        network: change.network ?? before.network,
      }
      if (change.limits !== undefined) await holdTo(this.node, this.maker, box, before)
      const changed = this.#keep(box.init === null ? box : await relink(this.node, this.meter, box, before))
      saveCopy(this.node, changed)
      return changed
    })
  }

  pause(id: string): Promise<SandboxRecord> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      if (box.state === 'paused') return box
      if (box.state !== 'running') throw notRunning(id, box.state)
      await freeze(this.node.hierarchy, box.cgroup)
      return this.#keep({ ...box, state: 'paused' })
    })
  }

  resume(id: string): Promise<SandboxRecord> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      this.tenants.assertAwake(box.tenantId)
      if (box.state === 'running') return box
      if (box.state !== 'paused') throw notRunning(id, box.state)
      await thaw(this.node.hierarchy, box.cgroup)
      return this.#keep({ ...box, state: 'running' })
    })
  }

  /**
   * Ends what runs inside; the disk stays. Nothing is started in it any more from here on. Asked again while it is
   * under way, the shorter grace counts.
   * @param graceMs what its processes have between SIGTERM and SIGKILL; it returns sooner when they have ended
   */
  stop(id: string, graceMs: number): Promise<SandboxRecord> {
    this.#terminations.shorten(id, graceMs)
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      if (box.init === null) return box
      this.#boxes.set(id, await this.#counted(box))
      await this.#terminations.run(id, box, graceMs)
      const stopped = await this.#counted(box)
      this.#boxes.set(id, stopped)
      await life.halt(this.node, await ensureKillable(this.node, this.tenants, box))
      this.#rebalance()
      return this.#keep(stopped)
    })
  }

  /** Those that still run share the processors of those that have ended. */
  #rebalance(): void {
    const running = new Map(this.list().flatMap((box) => (box.init === null ? [] : [[box.id, box]])))
    for (const [id, cpus] of this.node.cpusets.rebalance(new Set(running.keys()))) {
      try {
        pin(this.node.hierarchy, running.get(id)?.cgroup ?? '', cpus)
      } catch (error) {
        // It has just ended, or it runs on where it was: only more slowly than it could.
        this.node.log.info({ error, id }, 'a sandbox stays on its processors')
      }
    }
  }

  /** Stops all of them at once. @throws what the first of those that failed threw, when all others have stopped */
  async stopAll(graceMs: number): Promise<void> {
    const ends = this.list().map(({ sandboxId }) => this.stop(sandboxId ?? '', graceMs))
    for (const end of await Promise.allSettled(ends)) if (end.status === 'rejected') throw end.reason
  }

  /** As it is when nothing runs in it any more, with what it has used until now. */
  async #counted(box: SandboxRecord): Promise<SandboxRecord> {
    return { ...box, state: 'stopped', init: null, counted: await this.meter.count(box) }
  }

  start(id: string): Promise<SandboxRecord> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      if (box.init !== null) return box
      this.tenants.assertAwake(box.tenantId)
      this.node.space.assertWritable()
      const running = await life.boot(this.node, box, this.maker.boundsOf(box))
      this.#keep(running)
      this.#watch(running)
      return running
    })
  }

  /** Destroys a sandbox with its disk, and kills what runs in it at once. One that is gone already is no error. */
  remove(id: string): Promise<void> {
    this.#terminations.shorten(id, 0)
    return this.#inTurn(id, async () => {
      const box = this.#boxes.get(id)
      if (box === undefined) return
      this.#boxes.delete(id)
      try {
        await life.destroy(this.node, await ensureKillable(this.node, this.tenants, box))
      } catch (error) {
        // A tenant can make its processes slow to die: asked again, this goes on where it was.
        this.#boxes.set(id, { ...box, state: 'stopped', init: null })
        throw error
      }
      this.#rebalance()
      if (box.tenantId !== null) this.tenants.leave(box.tenantId)
    })
  }

  /** Stops a sandbox and sets it aside with its disk, for an operator to decide. */
  quarantine(id: string, why: QuarantineRequest): Promise<QuarantineEntry> {
    return this.#inTurn(id, async () => {
      const box = this.get(id)
      await this.#terminations.run(id, box, defaultGraceMs)
      const stopped = await this.#counted(box)
      await life.halt(this.node, await ensureKillable(this.node, this.tenants, box))
      this.#save(stopped)
      this.#boxes.delete(id)
      if (box.tenantId !== null) this.tenants.leave(box.tenantId)
      return this.node.quarantine.describe(await life.setAside(this.node, stopped, why))
    })
  }

  /**
   * Takes a sandbox out of the quarantine. It is stopped then.
   * @param as what the database says of it
   * @throws RuntimeRefusal `conflict` when it is another sandbox's disk, or lacks what a sandbox needs
   */
  restore(entry: string, as: RestoreRequest): Promise<SandboxRecord> {
    return this.#inTurn(as.sandboxId, async () => {
      if (this.#boxes.has(as.sandboxId)) {
        throw new RuntimeRefusal('conflict', `sandbox ${as.sandboxId} is on this node already`)
      }
      const box = restored(this.node, entry, as, this.templates())
      this.adopt(box)
      limitDisk(this.node, box)
      saveCopy(this.node, box)
      await syncRecord(life.directoryOf(this.node, box))
      return box
    })
  }

  /** @throws RuntimeRefusal `quota_exceeded` when more is in use; nothing is changed then */
  setQuota(tenantId: string, quota: Quota): Promise<void> {
    const theirs = this.list().filter((box) => box.tenantId === tenantId)
    return this.tenants.setQuota(
      tenantId,
      quota,
      theirs.map((box) => box.limits),
    )
  }

  #watch(box: SandboxRecord): void {
    life.watchExit(this.node, box, () => {
      void this.#ended(box).catch((error: unknown) =>
        this.node.log.error({ error, id: box.id }, 'cleaning up failed'),
      )
    })
  }

  /** The first process is gone without having been asked to go. */
  async #ended(box: SandboxRecord): Promise<void> {
    const id = box.sandboxId ?? ''
    await this.#inTurn(id, async () => {
      const now = this.#boxes.get(id)
      if (now === undefined || now.init?.pid !== box.init?.pid || life.isAlive(now)) return
      const counted = await this.meter.count(now)
      await life.halt(this.node, now)
      this.#rebalance()
      this.#keep({ ...now, state: 'stopped', failure: 'its first process ended', init: null, counted })
    })
  }

  /** What a crash of the host must not take back: that a pooled sandbox has become somebody's. */
  #secure(box: SandboxRecord): void {
    if (!this.#boxes.has(box.sandboxId ?? '')) return // removed already
    saveCopy(this.node, box)
    syncRecord(life.directoryOf(this.node, box)).catch((error: unknown) => {
      if (this.#boxes.has(box.sandboxId ?? '')) {
        this.node.log.error({ err: error, id: box.id }, "a sandbox's record could not be written to the disk")
      }
    })
  }

  #keep(box: SandboxRecord): SandboxRecord {
    this.#save(box)
    if (box.sandboxId !== null) this.#boxes.set(box.sandboxId, box)
    return box
  }

  #save(box: SandboxRecord): void {
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

const unavailable = (why: string) => new RuntimeRefusal('template_unavailable', why)
