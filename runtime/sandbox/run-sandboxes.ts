import { join } from 'node:path'
import type { Limits } from '../../protocol/api/index.js'
import type { Claim } from '../../protocol/node/index.js'
import { limitVolume } from '../rootfs/volume.js'
import { ensureKillable } from './killable.js'
import * as lifecycle from './lifecycle.js'
import type { Maker } from './make.js'
import { type NodeContext, volumeOf } from './node.js'
import type { PoolSource } from './pool-source.js'
import type { SandboxRecord } from './record.js'
import type { Tenants } from './tenants.js'

const mib = 1024 ** 2

/** The sandboxes that runs are performed in, each for one run or less, and those in which a disk is looked at. */
export class RunSandboxes {
  /** With their end where it has begun. */
  readonly #acquired = new Map<SandboxRecord, Promise<void> | undefined>()

  constructor(
    private readonly node: NodeContext,
    private readonly maker: Maker,
    private readonly tenants: Tenants,
    private readonly warm: PoolSource,
  ) {}

  /**
   * A sandbox for one run of a tenant. It has no id and is in no list; a runtime that finds one of an earlier
   * runtime destroys it. `release` ends it. It stays in the control group that it was made in: what the tenant is
   * charged for and held to are its programs, each in a group below `home`.
   *
   * @param below a volume whose content lies over the template's layers; then it is never a pooled one
   */
  async acquire(claim: Claim, below?: string): Promise<{ sandbox: SandboxRecord; home: string }> {
    this.maker.assertRuns(claim.template)
    const began = performance.now()
    const home = await this.tenants.join(claim.tenantId, claim.quota, claim.limits)
    try {
      const ready = below === undefined ? await this.#acquirePooled(claim) : undefined
      const sandbox =
        ready ?? (await this.maker.make(null, { ...claim, purpose: 'run' }, this.maker.runCgroup(), below))
      this.#acquired.set(sandbox, undefined)
      if (below === undefined) this.warm.recordLatency(claim, 'run', performance.now() - began)
      return { sandbox, home }
    } catch (error) {
      this.tenants.leave(claim.tenantId)
      throw error
    }
  }

  /**
   * A sandbox whose disk begins as that of another one, in which nothing may write meanwhile. It has no network, no id and is
   * in no list, and counts in its tenant's control group. `release` ends it.
   * @throws RuntimeRefusal `conflict` while the tenant is paused, `node_full`
   */
  async copy(sandbox: SandboxRecord, limits: Limits): Promise<SandboxRecord> {
    const { tenantId, template, isolation, env, hostname, layers, image } = sandbox
    if (tenantId === null) throw new Error('a sandbox of nobody is not copied')
    const home = this.tenants.rejoin(tenantId)
    try {
      const copy = await this.maker.make(
        null,
        { ...{ tenantId, template, isolation, env, hostname, limits }, network: 'none', purpose: 'run' },
        join(home, `copy-${process.hrtime.bigint()}`),
        undefined,
        { path: volumeOf(this.node, sandbox), record: { layers, image, system: false } },
      )
      this.#acquired.set(copy, undefined)
      return copy
    } catch (error) {
      this.tenants.leave(tenantId)
      throw error
    }
  }

  /**
   * A sandbox of a tenant that may have no other here, for one look at its volumes. It has no id and is in no list. `release` ends it.
   * @throws RuntimeRefusal `template_unavailable`, `conflict` while the tenant is paused, `node_full`
   */
  async reader(claim: Claim): Promise<SandboxRecord> {
    const home = await this.tenants.join(claim.tenantId, claim.quota, claim.limits)
    try {
      const cgroup = join(home, `reader-${process.hrtime.bigint()}`)
      const reader = await this.maker.make(null, { ...claim, purpose: 'run' }, cgroup)
      this.#acquired.set(reader, undefined)
      return reader
    } catch (error) {
      this.tenants.leave(claim.tenantId)
      throw error
    }
  }

  /** Destroys a sandbox that was acquired. Asked again it is the same destruction. */
  release(sandbox: SandboxRecord): Promise<void> {
    const going = this.#acquired.get(sandbox)
    if (going !== undefined || !this.#acquired.has(sandbox)) return going ?? Promise.resolve()
    const gone = ensureKillable(this.node, this.tenants, sandbox)
      .then((killable) => lifecycle.destroy(this.node, killable))
      .finally(() => {
        this.#acquired.delete(sandbox)
        if (sandbox.tenantId !== null) this.tenants.leave(sandbox.tenantId)
      })
    this.#acquired.set(sandbox, gone)
    return gone
  }

  /** Destroys every sandbox that is in use, whoever is using it. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.#acquired.keys()].map((sandbox) => this.release(sandbox)))
  }

  /** From the pool, where it has waited without a link. */
  async #acquirePooled(claim: Claim): Promise<SandboxRecord | undefined> {
    const ready = this.warm.take(claim, 'run')
    if (ready === undefined) return undefined
    const { limits, network, env, tenantId } = claim
    const sandbox: SandboxRecord = { ...ready, tenantId, limits, network, env, warm: true }
    try {
      if (limits.diskMiB !== ready.limits.diskMiB)
        limitVolume(volumeOf(this.node, sandbox), limits.diskMiB * mib)
      if (sandbox.init !== null) {
        await this.node.network.connect(
          lifecycle.linkOf(this.node, sandbox),
          lifecycle.linkPolicyOf(sandbox),
          sandbox.init.pid,
        )
      }
      return sandbox
    } catch (error) {
      await lifecycle.destroy(this.node, sandbox)
      this.node.log.warn({ error, id: ready.id }, 'a pooled sandbox could not be acquired')
      return undefined
    }
  }
}
