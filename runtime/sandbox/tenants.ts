import { join } from 'node:path'
import type { Limits, Quota } from '../../protocol/api/index.js'
import type { RuntimeTenant } from '../../protocol/node/index.js'
import { freeze, isFrozen, thaw } from '../cgroup/freezer.js'
import { removeEmpty } from '../cgroup/hierarchy.js'
import { applyLimits, changeLimits } from '../cgroup/limits.js'
import { readUsage } from '../cgroup/usage.js'
import { assertFits, inUse } from '../cgroup/usage-check.js'
import { RuntimeRefusal } from '../errors.js'
import * as lifecycle from './lifecycle.js'
import type { NodeContext } from './node.js'

/** Bounds of a sandbox that says none, so that none takes the whole disk. */
const defaultDisk = {
  diskReadMiBps: 200,
  diskWriteMiBps: 100,
  diskReadIops: 8000,
  diskWriteIops: 4000,
} as const

/** A tenant's cgroup outlives its last sandbox for so long: to make it anew takes a third of a claim. */
const lingerMs = 60_000

interface Tenant {
  /** Sandboxes, and claims that are under way. */
  members: number
  quota: Quota | undefined
  paused: boolean
}

/** Every tenant with sandboxes on this node. Its control group holds the sum of them to its quota. */
export class Tenants {
  readonly #tenants = new Map<string, Tenant>()
  /** Tenants without a sandbox whose cgroup still stands, and what it is held to. */
  readonly #lingering = new Map<string, { readonly quota: Quota; readonly expiry: NodeJS.Timeout }>()

  constructor(private readonly node: NodeContext) {}

  /**
   * Takes up a tenant whose sandbox an earlier runtime made, paused if it was. After a reboot its cgroup has to be
   * made again; what it is held to comes with the next `setQuota`, before anything of it starts.
   */
  adopt(tenantId: string): void {
    const tenant = this.#tenant(tenantId)
    if (tenant.members++ > 0) return
    lifecycle.makeParentCgroup(this.node, tenantId)
    tenant.paused = isFrozen(this.node.hierarchy, this.#path(tenantId))
  }

  /**
   * One more sandbox of a tenant, whose cgroup stands and is held to `quota` when this returns. `leave` takes
   * it back.
   *
   * @returns the tenant's cgroup
   * @throws RuntimeRefusal `conflict` while the tenant is paused, `quota_exceeded` when more is in use
   */
  async join(tenantId: string, quota: Quota, limits: Limits): Promise<string> {
    this.assertAwake(tenantId)
    if (limits.cpus > quota.cpus) {
      throw new RuntimeRefusal(
        'quota_exceeded',
        `${limits.cpus} cores are more than the quota of ${quota.cpus}`,
      )
    }
    const tenant = this.#tenant(tenantId)
    tenant.members++
    const path = this.#path(tenantId)
    try {
      if (tenant.members === 1) {
        const before = this.#stay(tenantId)
        if (before === undefined) lifecycle.makeParentCgroup(this.node, tenantId)
        if (!isSame(before, quota)) applyLimits(this.node.hierarchy, path, quota, this.node.device)
        tenant.quota = quota
      } else await this.#change(tenantId, tenant, quota, [limits])
      return path
    } catch (error) {
      this.leave(tenantId)
      throw error
    }
  }

  /**
   * One more sandbox of a tenant that has some here already.
   * @returns the tenant's cgroup
   * @throws RuntimeRefusal `conflict` while the tenant is paused, `not_found`
   */
  rejoin(tenantId: string): string {
    this.assertAwake(tenantId)
    this.#known(tenantId).members++
    return this.#path(tenantId)
  }

  /** One sandbox less. The last one takes the tenant's cgroup with it, unless the next one comes soon. */
  leave(tenantId: string): void {
    const tenant = this.#tenant(tenantId)
    if (--tenant.members > 0) return
    this.#tenants.delete(tenantId)
    const { quota, paused } = tenant
    if (quota === undefined || paused) {
      this.#removeCgroup(tenantId)
      return
    }
    const expiry = setTimeout(() => this.#forget(tenantId), lingerMs)
    this.#lingering.set(tenantId, { quota, expiry: expiry.unref() })
  }

  /** Removes the cgroups of tenants that have no sandbox any more. */
  close(): void {
    for (const tenantId of this.#lingering.keys()) this.#forget(tenantId)
  }

  /**
   * Holds a tenant to another quota. One without sandboxes has nothing to hold: its next claim brings its quota.
   * @param sandboxes limits of its sandboxes
   * @throws RuntimeRefusal `quota_exceeded`, CgroupWriteError; nothing is changed then
   */
  async setQuota(tenantId: string, quota: Quota, sandboxes: readonly Limits[]): Promise<void> {
    const tenant = this.#tenants.get(tenantId)
    if (tenant !== undefined) await this.#change(tenantId, tenant, quota, sandboxes)
  }

  /** What bounds one sandbox of a tenant: its limits, and what version 1 cannot hold the tenant's sum to. */
  bounds(tenantId: string | null, limits: Limits): Limits {
    const quota = tenantId === null ? undefined : this.#tenants.get(tenantId)?.quota
    const least = (key: keyof typeof defaultDisk) =>
      Math.min(limits[key] ?? defaultDisk[key], quota?.[key] ?? Number.POSITIVE_INFINITY)
    return {
      ...limits,
      diskReadMiBps: least('diskReadMiBps'),
      diskWriteMiBps: least('diskWriteMiBps'),
      diskReadIops: least('diskReadIops'),
      diskWriteIops: least('diskWriteIops'),
    }
  }

  /** Stops every process of the tenant where it stands, in one call to the kernel. */
  async pause(tenantId: string): Promise<void> {
    const tenant = this.#known(tenantId)
    await freeze(this.node.hierarchy, this.#path(tenantId))
    tenant.paused = true
  }

  /** Lets them go on, but for sandboxes that were paused by themselves. */
  async resume(tenantId: string): Promise<void> {
    const tenant = this.#known(tenantId)
    await thaw(this.node.hierarchy, this.#path(tenantId))
    tenant.paused = false
  }

  isPaused(tenantId: string | null): boolean {
    return tenantId !== null && this.#tenants.get(tenantId)?.paused === true
  }

  /** @throws RuntimeRefusal `conflict` */
  assertAwake(tenantId: string | null): void {
    if (!this.isPaused(tenantId)) return
    throw new RuntimeRefusal('conflict', `tenant ${tenantId} is paused: resume it first`)
  }

  /** @throws RuntimeRefusal `not_found` */
  describe(tenantId: string): RuntimeTenant {
    const { paused, members } = this.#known(tenantId)
    const usage = readUsage(this.node.hierarchy, this.#path(tenantId), this.node.device)
    const { cpuSeconds, memoryBytes, pids } = usage
    return { tenantId, paused, sandboxes: members, cpuSeconds, memoryBytes, pids }
  }

  async #change(tenantId: string, tenant: Tenant, quota: Quota, sandboxes: readonly Limits[]): Promise<void> {
    if (isSame(tenant.quota, quota)) return
    const path = this.#path(tenantId)
    const widest = Math.max(0, ...sandboxes.map(({ cpus }) => cpus))
    if (widest > quota.cpus)
      throw inUse(`tenant ${tenantId}`, `${quota.cpus} cores`, `${widest} of a sandbox`)
    await assertFits(this.node.hierarchy, path, quota, `tenant ${tenantId}`)
    changeLimits(this.node.hierarchy, path, quota, this.node.device)
    tenant.quota = quota
  }

  /** Keeps the cgroup of a tenant that comes back. @returns what it is held to; undefined when there is none */
  #stay(tenantId: string): Quota | undefined {
    const lingering = this.#lingering.get(tenantId)
    clearTimeout(lingering?.expiry)
    this.#lingering.delete(tenantId)
    return lingering?.quota
  }

  #forget(tenantId: string): void {
    this.#stay(tenantId)
    this.#removeCgroup(tenantId)
  }

  /** Tried until it works or somebody has come back: processes that were killed take a moment to die. */
  #removeCgroup(tenantId: string, tries = 0): void {
    if (this.#tenants.has(tenantId)) return
    const { mounts, idle } = this.node.hierarchy
    const left = [...mounts, ...idle].filter((mount) => !removeEmpty(join(mount, this.#path(tenantId))))
    if (left.length === 0) return
    if (tries < 100) setTimeout(() => this.#removeCgroup(tenantId, tries + 1), 50).unref()
    else this.node.log.warn({ tenantId, left }, 'the cgroup of a tenant without sandboxes stays')
  }

  #known(tenantId: string): Tenant {
    const tenant = this.#tenants.get(tenantId)
    if (tenant === undefined) throw new RuntimeRefusal('not_found', `tenant ${tenantId} has no sandbox here`)
    return tenant
  }

  #tenant(tenantId: string): Tenant {
    const known = this.#tenants.get(tenantId)
    if (known !== undefined) return known
    const tenant: Tenant = { members: 0, quota: undefined, paused: false }
    this.#tenants.set(tenantId, tenant)
    return tenant
  }

  #path(tenantId: string): string {
    return join(this.node.cgroupRoot, tenantId)
  }
}

const isSame = (one: Quota | undefined, other: Quota) => JSON.stringify(one) === JSON.stringify(other)
