import { defaultGraceMs, type QuarantineEntry } from '../../protocol/api/index.js'
import type { QuarantineRequest } from '../../protocol/node/index.js'
import { pin } from '../cgroup/cpusets.js'
import { refreshHosts } from './hosts.js'
import { ensureKillable } from './killable.js'
import * as lifecycle from './lifecycle.js'
import type { Meter } from './meter.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'
import type { ServiceKeeper } from './service-keeper.js'
import type { SandboxTable } from './table.js'
import type { Tenants } from './tenants.js'
import { Terminations } from './terminate.js'

/** How sandboxes end: stopped, destroyed, set aside, or by themselves. */
export class Endings {
  /** Of those that are being stopped. */
  readonly #terminations: Terminations

  constructor(
    private readonly node: NodeContext,
    private readonly table: SandboxTable,
    private readonly tenants: Tenants,
    private readonly meter: Meter,
    private readonly services: ServiceKeeper,
  ) {
    this.#terminations = new Terminations(node, tenants)
  }

  /**
   * Ends what runs inside; the disk stays. Nothing is started in it any more from here on. Asked again while it is
   * under way, the shorter grace counts.
   * @param graceMs what its processes have between SIGTERM and SIGKILL; it returns sooner when they have ended
   */
  async stop(id: string, graceMs: number): Promise<SandboxRecord> {
    using _ = this.#terminations.within(id, graceMs)
    return await this.table.inTurn(id, async () => {
      const sandbox = this.table.get(id)
      if (sandbox.init === null) return sandbox
      this.services.ended(id)
      this.table.hold(id, await this.#counted(sandbox))
      await this.#terminate(id, sandbox)
      const stopped = await this.#counted(sandbox)
      this.table.hold(id, stopped)
      await this.node.watches.end(id, 'stopped')
      await lifecycle.halt(this.node, await ensureKillable(this.node, this.tenants, sandbox))
      this.#rebalance()
      return this.table.keep(stopped)
    })
  }

  /** Has its processes end, and keeps what its terminals show then. */
  async #terminate(id: string, sandbox: SandboxRecord): Promise<void> {
    const { keptTerminals } = this.node
    const terminals = sandbox.init === null ? [] : await keptTerminals.live(id)
    await this.#terminations.run(id, sandbox)
    await keptTerminals.keep(lifecycle.directoryOf(this.node, sandbox), id, terminals)
  }

  /** Those that still run share the processors of those that have ended. */
  #rebalance(): void {
    const running = new Map(
      this.table.list().flatMap((sandbox) => (sandbox.init === null ? [] : [[sandbox.id, sandbox]])),
    )
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
    const ends = this.table.list().map(({ sandboxId }) => this.stop(sandboxId ?? '', graceMs))
    for (const end of await Promise.allSettled(ends)) if (end.status === 'rejected') throw end.reason
  }

  /** As it is when nothing runs in it any more, with what it has used until now. */
  async #counted(sandbox: SandboxRecord): Promise<SandboxRecord> {
    return { ...sandbox, state: 'stopped', init: null, counted: await this.meter.count(sandbox) }
  }

  /** Destroys a sandbox with its disk, and kills what runs in it at once. One that is gone already is no error. */
  async remove(id: string): Promise<void> {
    using _ = this.#terminations.within(id, 0)
    await this.table.inTurn(id, async () => {
      const sandbox = this.table.find(id)
      if (sandbox === undefined) return
      this.table.forget(id)
      this.services.ended(id)
      refreshHosts(this.node, sandbox, this.table.list())
      try {
        await this.node.watches.end(id, 'deleted')
        await lifecycle.destroy(this.node, await ensureKillable(this.node, this.tenants, sandbox))
      } catch (error) {
        // A tenant can make its processes slow to die: asked again, this goes on where it was.
        this.table.hold(id, { ...sandbox, state: 'stopped', init: null })
        throw error
      }
      this.#rebalance()
      if (sandbox.tenantId !== null) this.tenants.leave(sandbox.tenantId)
    })
  }

  /** Stops a sandbox and sets it aside with its disk, for an operator to decide. */
  async quarantine(id: string, why: QuarantineRequest): Promise<QuarantineEntry> {
    using _ = this.#terminations.within(id, defaultGraceMs)
    return await this.table.inTurn(id, async () => {
      const sandbox = this.table.get(id)
      this.services.ended(id)
      await this.#terminate(id, sandbox)
      const stopped = await this.#counted(sandbox)
      await this.node.watches.end(id, 'stopped')
      await lifecycle.halt(this.node, await ensureKillable(this.node, this.tenants, sandbox))
      this.table.save(stopped)
      this.table.forget(id)
      if (sandbox.tenantId !== null) this.tenants.leave(sandbox.tenantId)
      return this.node.quarantine.describe(await lifecycle.setAside(this.node, stopped, why))
    })
  }

  /** The first process is gone without having been asked to go. */
  async ended(sandbox: SandboxRecord): Promise<void> {
    const id = sandbox.sandboxId ?? ''
    await this.table.inTurn(id, async () => {
      const now = this.table.find(id)
      if (now === undefined || now.init?.pid !== sandbox.init?.pid || lifecycle.isAlive(now)) return
      const counted = await this.meter.count(now)
      this.services.ended(id)
      await this.node.watches.end(id, 'stopped')
      await lifecycle.halt(this.node, now)
      this.#rebalance()
      this.table.keep({ ...now, state: 'stopped', failure: 'its first process ended', init: null, counted })
    })
  }
}
