import { join } from 'node:path'
import type { Claim } from '../../protocol/node/index.js'
import { CgroupWriteError } from '../cgroup/hierarchy.js'
import { RuntimeRefusal } from '../errors.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { assignPooled } from './assign-pooled.js'
import { assertCapacity } from './capacity.js'
import { saveCopy } from './copy.js'
import { refreshHosts } from './hosts.js'
import * as lifecycle from './lifecycle.js'
import type { DiskSource, Maker } from './make.js'
import type { NodeContext } from './node.js'
import type { PoolSource } from './pool-source.js'
import { type SandboxRecord, syncRecord } from './record.js'
import { serviceFor } from './service-record.js'
import type { SandboxTable } from './table.js'
import type { Tenants } from './tenants.js'

/** Gives tenants sandboxes: from the pool where one waits, or made for the claim. */
export class Claims {
  constructor(
    private readonly node: NodeContext,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly maker: Maker,
    private readonly tenants: Tenants,
    private readonly warm: PoolSource,
    private readonly table: SandboxTable,
    private readonly snapshot: (id: string, tenantId: string, diskMiB: number) => DiskSource,
    /** Keeps volumes from being deleted until it is disposed of. @throws RuntimeRefusal `not_found` */
    private readonly holdVolumes: (ids: readonly string[], tenantId: string) => Disposable,
    /** Has somebody notice when it ends. */
    private readonly watch: (sandbox: SandboxRecord) => void,
  ) {}

  /** A sandbox for a tenant: from the pool, or made now. Asked again with the same id it is the same one. */
  claim(id: string, claim: Claim): Promise<{ sandbox: SandboxRecord; created: boolean }> {
    return this.table.inTurn(id, async () => {
      const known = this.table.find(id)
      if (known !== undefined) {
        if (known.tenantId !== claim.tenantId) throw new RuntimeRefusal('conflict', `${id} is taken`)
        return { sandbox: known, created: false }
      }
      const volumes = claim.volumes ?? []
      using _ = this.holdVolumes(
        volumes.map(({ volume }) => volume),
        claim.tenantId,
      )
      const source =
        claim.snapshot === undefined
          ? undefined
          : this.snapshot(claim.snapshot, claim.tenantId, claim.limits.diskMiB)
      const template = this.templates().get(claim.template)
      if (source === undefined && template?.isolation.includes(claim.isolation) !== true) {
        throw unavailable(`this node has no ${claim.isolation} template ${claim.template}`)
      }
      const { ociRuntimes } = this.node
      if (!ociRuntimes.offers(claim.isolation)) throw unavailable(ociRuntimes.hardenedProblem ?? '')
      assertCapacity(this.node)
      const began = performance.now()
      const parent = await this.tenants.join(claim.tenantId, claim.quota, claim.limits)
      try {
        const cgroup = join(parent, id)
        const sandbox =
          (source === undefined && volumes.length === 0 && claim.stack === undefined
            ? await this.#takeWarm(id, claim, cgroup)
            : undefined) ??
          (await this.maker.make(id, { ...claim, purpose: 'sandbox' }, cgroup, undefined, source))
        this.table.keep(sandbox)
        this.table.claimed(id)
        refreshHosts(this.node, sandbox, this.table.list())
        setImmediate(() => {
          this.watch(sandbox)
          if (sandbox.warm) this.#secure(sandbox)
        })
        this.warm.recordLatency(claim, 'sandbox', performance.now() - began)
        return { sandbox, created: true }
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
    const service = serviceFor(claim.service, this.templates().get(claim.template)?.image)
    const wanted = { sandboxId: id, tenantId, limits, network, env, hostname, cgroup, warm: true }
    const sandbox = { ...ready, ...wanted, service }
    try {
      return await assignPooled(this.node, ready, sandbox, this.maker.boundsOf(sandbox))
    } catch (error) {
      await lifecycle.destroy(this.node, sandbox)
      // What the kernel refuses of a claim it would refuse of a new sandbox too.
      if (error instanceof CgroupWriteError || error instanceof RuntimeRefusal) throw error
      this.node.log.warn({ error, id: ready.id }, 'a pooled sandbox could not be handed out')
      return undefined
    }
  }

  /** What a crash of the host must not take back: that a pooled sandbox has become somebody's. */
  #secure(sandbox: SandboxRecord): void {
    if (this.table.find(sandbox.sandboxId ?? '') === undefined) return // removed already
    saveCopy(this.node, sandbox)
    syncRecord(lifecycle.directoryOf(this.node, sandbox)).catch((error: unknown) => {
      if (this.table.find(sandbox.sandboxId ?? '') !== undefined) {
        this.node.log.error(
          { err: error, id: sandbox.id },
          "a sandbox's record could not be written to the disk",
        )
      }
    })
  }
}

const unavailable = (why: string) => new RuntimeRefusal('template_unavailable', why)
