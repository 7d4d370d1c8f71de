import { EventEmitter } from 'node:events'
import { isDeepStrictEqual } from 'node:util'
import type { QuarantineEntry, Quota, WatchEvent } from '../../protocol/api/index.js'
import type {
  Change,
  Claim,
  NodeSandboxState,
  QuarantineRequest,
  RestoreRequest,
} from '../../protocol/node/index.js'
import { freeze, thaw } from '../cgroup/freezer.js'
import { notRunning, RuntimeRefusal } from '../errors.js'
import type { FilesRoot } from '../files/root.js'
import type { OomKill } from '../linux/kernel-log.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { Following } from '../watch/following.js'
import type { WatchWanted } from '../watch/watches.js'
import { holdTo, limitDisk, relink } from './change.js'
import { Claims } from './claims.js'
import { saveCopy } from './copy.js'
import { Descriptions } from './descriptions.js'
import { Endings } from './endings.js'
import { filesOf, stoppedFiles, watchNow } from './files.js'
import { refreshHosts } from './hosts.js'
import * as lifecycle from './lifecycle.js'
import type { DiskSource, Maker } from './make.js'
import { Meter } from './meter.js'
import type { NodeContext } from './node.js'
import type { PoolSource } from './pool-source.js'
import { type SandboxRecord, syncRecord } from './record.js'
import { restored } from './restore.js'
import type { ServiceKeeper } from './service-keeper.js'
import type { ServiceRecord } from './service-record.js'
import { SandboxTable } from './table.js'
import type { Tenants } from './tenants.js'

/** Every claimed sandbox of this node, by its public id. Calls for one sandbox happen one after the other. */
export class Sandboxes {
  readonly #table: SandboxTable
  readonly #claims: Claims
  readonly #endings: Endings
  readonly descriptions: Descriptions
  readonly meter: Meter
  /** `paused`: nothing inside runs any more, by itself or with its tenant. */
  readonly events = new EventEmitter<{ paused: [SandboxRecord] }>()

  constructor(
    private readonly node: NodeContext,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly maker: Maker,
    readonly tenants: Tenants,
    warm: PoolSource,
    kills: () => readonly OomKill[],
    /** What the disk of a new sandbox begins with. @throws RuntimeRefusal `not_found` */
    snapshot: (id: string, tenantId: string, diskMiB: number) => DiskSource,
    /** Keeps volumes from being deleted until it is disposed of. @throws RuntimeRefusal `not_found` */
    private readonly holdVolumes: (ids: readonly string[], tenantId: string) => Disposable,
    /** Of the programs that sandboxes are for. */
    private readonly services: ServiceKeeper,
  ) {
    this.meter = new Meter(node)
    this.#table = new SandboxTable(node)
    this.descriptions = new Descriptions(
      node,
      this.#table,
      this.meter,
      services,
      (sandbox) => this.stateOf(sandbox),
      kills,
    )
    this.#endings = new Endings(node, this.#table, tenants, this.meter, services)
    this.#claims = new Claims(
      node,
      templates,
      maker,
      tenants,
      warm,
      this.#table,
      snapshot,
      holdVolumes,
      (sandbox) => this.#watch(sandbox),
    )
  }

  list(): SandboxRecord[] {
    return this.#table.list()
  }

  /** @throws RuntimeRefusal `not_found` */
  get(id: string): SandboxRecord {
    return this.#table.get(id)
  }

  /** A sandbox for a tenant: from the pool, or made now. Asked again with the same id it is the same one. */
  async claim(id: string, claim: Claim): Promise<{ sandbox: SandboxRecord; created: boolean }> {
    const claimed = await this.#claims.claim(id, claim)
    if (claimed.created) this.services.began(claimed.sandbox)
    return claimed
  }

  /** Of one that is here. */
  find(id: string): SandboxRecord | undefined {
    return this.#table.find(id)
  }

  /** Writes down what has become of its service. One that is gone has none. */
  note(id: string, change: Partial<ServiceRecord>): Promise<void> {
    return this.#table.inTurn(id, async () => {
      const sandbox = this.#table.find(id)
      if (sandbox === undefined || sandbox.service === null) return
      this.#table.keep({ ...sandbox, service: { ...sandbox.service, ...change } })
    })
  }

  /**
   * Has its service started now, if it is not, or not with its next start.
   * @throws RuntimeRefusal `not_found`, `conflict` when it has none, `runtime_unavailable`
   */
  async wantService(id: string, wanted: boolean): Promise<SandboxRecord> {
    const before = this.get(id)
    const { service } = before
    if (service === null) throw new RuntimeRefusal('conflict', `sandbox ${id} has no service`)
    // What was not wanted any more runs on until its sandbox is stopped, and that may have failed.
    const adopted = wanted && !service.wanted && (await this.services.lives(before))
    if (service.wanted !== wanted) await this.note(id, { wanted })
    const sandbox = this.get(id)
    if (!wanted) this.services.ended(id)
    else if (sandbox.init !== null && !service.wanted) this.services.began(sandbox, { adopted })
    return sandbox
  }

  /** @throws RuntimeRefusal `sandbox_not_running` */
  running(id: string): SandboxRecord {
    const sandbox = this.get(id)
    const state = this.stateOf(sandbox)
    if (state !== 'running') throw notRunning(id, state)
    return sandbox
  }

  /**
   * One in which something can be started: it runs, and has all that programs look for when they start.
   * @throws RuntimeRefusal `sandbox_not_running`
   */
  async ready(id: string): Promise<SandboxRecord> {
    const sandbox = this.running(id)
    await this.node.view.shown(sandbox.init?.pid)
    return sandbox
  }

  /**
   * Its files, whether it runs, is paused or stopped. While it is being stopped or started this waits.
   * @throws RuntimeRefusal `not_found`, `sandbox_not_running` when it is just ending by itself
   */
  async files(id: string): Promise<FilesRoot> {
    const sandbox = this.get(id)
    if (sandbox.init !== null) return filesOf(this.node, sandbox)
    return this.#table.inTurn(id, async () => {
      const now = this.get(id)
      return now.init === null ? stoppedFiles(this.node, now) : filesOf(this.node, now)
    })
  }

  /**
   * Has changes of the files below a directory told, whether the sandbox runs, is paused or stopped, until it is deleted.
   * @returns to be called when nobody listens any more
   * @throws RuntimeRefusal `not_found`, `sandbox_not_running` when it is just ending by itself; `rate_limited` when there
   * are too many who listen
   */
  async watch(id: string, wanted: WatchWanted, hear: (event: WatchEvent) => void): Promise<() => void> {
    const following = new Following((tell, again) => {
      const begin = () => watchNow(this.node, this.get(id), wanted, tell)
      // Whoever goes on waits until it is stopped or started.
      return again || this.get(id).init === null ? this.#table.inTurn(id, begin) : begin()
    }, hear)
    await following.begin()
    return () => void following.leave()
  }

  /** In a tenant that is paused nothing runs. */
  stateOf(sandbox: SandboxRecord): NodeSandboxState {
    return sandbox.state === 'running' && this.tenants.isPaused(sandbox.tenantId) ? 'paused' : sandbox.state
  }

  /** These are in the database: whatever becomes of their rows, they were somebody's. */
  confirm(ids: readonly string[]): void {
    this.#table.confirm(ids)
  }

  /** Takes up a sandbox that an earlier runtime made. */
  adopt(sandbox: SandboxRecord): void {
    if (sandbox.sandboxId === null) return
    this.#table.keep(sandbox)
    if (sandbox.tenantId !== null) this.tenants.adopt(sandbox.tenantId)
    if (sandbox.init !== null) {
      this.#watch(sandbox)
      this.services.began(sandbox, { adopted: true })
    }
  }

  change(id: string, change: Change): Promise<SandboxRecord> {
    return this.#table.inTurn(id, async () => {
      const before = this.get(id)
      const volumes = change.volumes ?? before.volumes
      // Until it is written down that the sandbox has them.
      using _ = await this.#holdChanged(before, volumes)
      const sandbox = {
        ...{ ...before, volumes },
        limits: change.limits ?? before.limits,
        network: change.network ?? before.network,
      }
      if (change.limits !== undefined) await holdTo(this.node, this.maker, sandbox, before)
      const changed = this.#table.keep(
        sandbox.init === null ? sandbox : await relink(this.node, this.meter, sandbox, before),
      )
      saveCopy(this.node, changed)
      return changed
    })
  }

  /** @throws RuntimeRefusal `conflict` while something runs in it or its files are used; `not_found` */
  async #holdChanged(sandbox: SandboxRecord, volumes: SandboxRecord['volumes']): Promise<Disposable> {
    const ids = volumes.map(({ volume }) => volume)
    if (isDeepStrictEqual(volumes, sandbox.volumes)) return { [Symbol.dispose]: () => {} }
    const id = sandbox.sandboxId ?? sandbox.id
    if (sandbox.init !== null) throw new RuntimeRefusal('conflict', `sandbox ${id} must be stopped first`)
    await this.node.watches.end(id, 'stopped')
    if (await lifecycle.isRootUsed(this.node, sandbox)) {
      throw new RuntimeRefusal('conflict', `files of the sandbox ${id} are being read or written`, 1)
    }
    return this.holdVolumes(ids, sandbox.tenantId ?? '')
  }

  /**
   * Runs `act` while nothing inside writes to the disk.
   * @throws RuntimeRefusal `not_found`
   */
  atRest<T>(id: string, act: (sandbox: SandboxRecord) => Promise<T>): Promise<T> {
    return this.#table.inTurn(id, async () => {
      const sandbox = this.get(id)
      if (sandbox.init === null || this.stateOf(sandbox) !== 'running') return act(sandbox)
      await freeze(this.node.hierarchy, sandbox.cgroup)
      try {
        return await act(sandbox)
      } finally {
        await thaw(this.node.hierarchy, sandbox.cgroup).catch((error: unknown) => {
          // Its tenant was paused meanwhile: it stands still for that, and no longer for this.
          if (!this.tenants.isPaused(sandbox.tenantId)) throw error
        })
      }
    })
  }

  /**
   * Runs `act` on a sandbox in which nothing runs, and which is not started meanwhile.
   * @param act gets what writes the record anew
   * @throws RuntimeRefusal `not_found`, `conflict` while something runs in it
   */
  replaceDisk<T>(
    id: string,
    act: (sandbox: SandboxRecord, keep: (sandbox: SandboxRecord) => void) => Promise<T>,
  ): Promise<T> {
    return this.#table.inTurn(id, async () => {
      const sandbox = this.get(id)
      if (sandbox.init !== null) throw new RuntimeRefusal('conflict', `sandbox ${id} must be stopped first`)
      // They have the disk that gives way.
      await this.node.watches.end(id, 'stopped')
      try {
        return await act(sandbox, (changed) => this.#table.keep(changed))
      } finally {
        await lifecycle.forgetReplaced(this.node, sandbox)
      }
    })
  }

  pause(id: string): Promise<SandboxRecord> {
    return this.#table.inTurn(id, async () => {
      const sandbox = this.get(id)
      if (sandbox.state === 'paused') return sandbox
      if (sandbox.state !== 'running') throw notRunning(id, sandbox.state)
      await freeze(this.node.hierarchy, sandbox.cgroup)
      const paused = this.#table.keep({ ...sandbox, state: 'paused' })
      this.events.emit('paused', paused)
      return paused
    })
  }

  async pauseTenant(tenantId: string): Promise<void> {
    await this.tenants.pause(tenantId)
    for (const sandbox of this.list()) if (sandbox.tenantId === tenantId) this.events.emit('paused', sandbox)
  }

  resume(id: string): Promise<SandboxRecord> {
    return this.#table.inTurn(id, async () => {
      const sandbox = this.get(id)
      this.tenants.assertAwake(sandbox.tenantId)
      if (sandbox.state === 'running') return sandbox
      if (sandbox.state !== 'paused') throw notRunning(id, sandbox.state)
      await thaw(this.node.hierarchy, sandbox.cgroup)
      return this.#table.keep({ ...sandbox, state: 'running' })
    })
  }

  start(id: string): Promise<SandboxRecord> {
    return this.#table.inTurn(id, async () => {
      const sandbox = this.get(id)
      if (sandbox.init !== null) return sandbox
      this.tenants.assertAwake(sandbox.tenantId)
      this.node.diskReserve.assertWritable()
      await this.node.watches.end(id, 'stopped')
      const running = await lifecycle.boot(this.node, sandbox, this.maker.boundsOf(sandbox))
      this.#table.keep(running)
      this.#watch(running)
      refreshHosts(this.node, running, this.list())
      this.services.began(running)
      return running
    })
  }

  /** As `Endings` says, like the next three. */
  stop(id: string, graceMs: number): Promise<SandboxRecord> {
    return this.#endings.stop(id, graceMs)
  }

  stopAll(graceMs: number): Promise<void> {
    return this.#endings.stopAll(graceMs)
  }

  remove(id: string): Promise<void> {
    return this.#endings.remove(id)
  }

  quarantine(id: string, why: QuarantineRequest): Promise<QuarantineEntry> {
    return this.#endings.quarantine(id, why)
  }

  /**
   * Takes a sandbox out of the quarantine. It is stopped then.
   * @param as what the database says of it
   * @throws RuntimeRefusal `conflict` when it is another sandbox's disk, or lacks what a sandbox needs
   */
  restore(entry: string, as: RestoreRequest): Promise<SandboxRecord> {
    return this.#table.inTurn(as.sandboxId, async () => {
      if (this.#table.find(as.sandboxId) !== undefined) {
        throw new RuntimeRefusal('conflict', `sandbox ${as.sandboxId} is on this node already`)
      }
      const sandbox = restored(this.node, entry, as, this.templates())
      this.adopt(sandbox)
      limitDisk(this.node, sandbox)
      saveCopy(this.node, sandbox)
      await syncRecord(lifecycle.directoryOf(this.node, sandbox))
      return sandbox
    })
  }

  /** @throws RuntimeRefusal `quota_exceeded` when more is in use; nothing is changed then */
  setQuota(tenantId: string, quota: Quota): Promise<void> {
    const theirs = this.list().filter((sandbox) => sandbox.tenantId === tenantId)
    return this.tenants.setQuota(
      tenantId,
      quota,
      theirs.map((sandbox) => sandbox.limits),
    )
  }

  #watch(sandbox: SandboxRecord): void {
    lifecycle.watchExit(this.node, sandbox, () => {
      void this.#endings
        .ended(sandbox)
        .catch((error: unknown) => this.node.log.error({ error, id: sandbox.id }, 'cleaning up failed'))
    })
  }
}
