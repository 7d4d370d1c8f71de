import { join } from 'node:path'
import type { Claim, Isolation, PoolStatus } from '../../protocol/index.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import * as life from '../sandbox/life.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Record } from '../sandbox/record.js'
import type { Sandboxes, Warm } from '../sandbox/service.js'

/** A template that cannot start is tried again after this long, then twice that, up to the longest. */
const firstBackoffMs = 1000
const longestBackoffMs = 60_000

/** Refilling waits for so long a pause between claims: while a burst is served, the processors are its own. */
const quietMs = 100

/** Each costs some 60 MiB while it waits, where a standard one costs 1. */
const mostHardened = 1

interface Pool {
  readonly template: string
  readonly isolation: Isolation
  /** How many are to be ready. */
  readonly target: number
  readonly ready: Record[]
  creating: number
  hits: number
  misses: number
  failure: string | null
  backoffMs: number
  retryAt: number
}

/**
 * Sandboxes made ahead of need. Nothing that a tenant has touched ever comes back: what is claimed is the
 * claimer's until it is destroyed.
 */
export class Pools implements Warm {
  readonly #pools = new Map<string, Pool>()
  #refilling: Promise<void> = Promise.resolve()
  #closed = false
  #quiet: NodeJS.Timeout | undefined

  constructor(
    private readonly node: NodeContext,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly target: number,
    private readonly sandboxes: () => Sandboxes,
  ) {}

  /** A pooled sandbox that an earlier runtime made and that still runs. */
  adopt(box: Record): void {
    this.#pool(box.template, box.isolation).ready.push(box)
    this.#watch(box)
  }

  take(claim: Claim): Record | undefined {
    const pool = this.#pool(claim.template, claim.isolation)
    const layers = this.templates().get(claim.template)?.layers.join()
    for (let box = pool.ready.shift(); box !== undefined; box = pool.ready.shift()) {
      // Checked at the last moment, for the price of reading one line of /proc.
      if (life.isAlive(box) && box.layers.join() === layers) {
        pool.hits++
        this.#refillWhenQuiet()
        return box
      }
      this.#discard(box)
    }
    pool.misses++
    this.#refillWhenQuiet()
    return undefined
  }

  status(): PoolStatus[] {
    return [...this.#pools.values()].map((pool) => {
      const { template, isolation, target, ready, creating, hits, misses, failure } = pool
      return { template, isolation, target, ready: ready.length, creating, hits, misses, failure }
    })
  }

  /** Brings every pool to its size, one sandbox at a time, so that it never starves those in use. */
  refill(): void {
    this.#refilling = this.#refilling.then(async () => {
      for (const { name, isolation } of this.templates().values()) {
        const offered = isolation.filter((one) => this.node.engines.offers(one))
        for (const one of offered) await this.#fill(this.#pool(name, one))
      }
    })
  }

  #refillWhenQuiet(): void {
    clearTimeout(this.#quiet)
    this.#quiet = setTimeout(() => this.refill(), quietMs)
  }

  /** Stops refilling and destroys what waits. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#quiet)
    await this.#refilling
    for (const pool of this.#pools.values()) {
      for (const box of pool.ready.splice(0)) await life.tearDown(this.node, box)
    }
  }

  async #fill(pool: Pool): Promise<void> {
    while (!this.#closed && pool.ready.length < pool.target && performance.now() >= pool.retryAt) {
      pool.creating = 1
      try {
        const box = await this.#make(pool)
        pool.ready.push(box)
        this.#watch(box)
        pool.failure = null
        pool.backoffMs = firstBackoffMs
      } catch (error) {
        pool.failure = error instanceof Error ? error.message : String(error)
        this.node.log.error({ error, template: pool.template }, 'a sandbox for the pool cannot be made')
        pool.retryAt = performance.now() + pool.backoffMs
        setTimeout(() => this.refill(), pool.backoffMs).unref()
        pool.backoffMs = Math.min(pool.backoffMs * 2, longestBackoffMs)
      } finally {
        pool.creating = 0
      }
    }
  }

  async #make({ template, isolation }: Pool): Promise<Record> {
    const defaults = this.templates().get(template)?.defaults
    if (defaults === undefined) throw new Error(`template ${template} is gone`)
    const parent = life.makeParentCgroup(this.node, 'pool')
    const cgroup = join(parent, `${template}-${process.hrtime.bigint()}`)
    const plain = { network: 'internet', isolation, env: {}, hostname: 'sandbox' } as const
    const box = await this.sandboxes().make(
      null,
      { tenantId: null, template, limits: defaults, ...plain },
      cgroup,
    )
    // Before anybody can claim it: what comes into a cgroup while its processes move stays behind.
    await this.node.prepareShell(box.id)
    return box
  }

  #watch(box: Record): void {
    const pool = this.#pool(box.template, box.isolation)
    life.watchExit(this.node, box, () => {
      const at = pool.ready.indexOf(box)
      if (at < 0) return // claimed: its life is watched by `Sandboxes` now
      pool.ready.splice(at, 1)
      this.#discard(box)
      this.refill()
    })
  }

  #discard(box: Record): void {
    life.tearDown(this.node, box).catch((error: unknown) => {
      this.node.log.error({ error, id: box.id }, 'a pooled sandbox cannot be removed')
    })
  }

  #pool(template: string, isolation: Isolation): Pool {
    const key = `${template} ${isolation}`
    const known = this.#pools.get(key)
    if (known !== undefined) return known
    const counters = { creating: 0, hits: 0, misses: 0, failure: null, backoffMs: firstBackoffMs, retryAt: 0 }
    const target = isolation === 'hardened' ? Math.min(this.target, mostHardened) : this.target
    const pool: Pool = { template, isolation, target, ready: [], ...counters }
    this.#pools.set(key, pool)
    return pool
  }
}
