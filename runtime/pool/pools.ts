import { every } from '../../common/timers.js'
import type { PoolBudget, PoolPurpose, PoolStatus, PoolsStatus } from '../../protocol/api/index.js'
import type { Claim } from '../../protocol/node/index.js'
import { availableMemory } from '../linux/memory.js'
import { maxSandboxes } from '../linux/slot.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import * as lifecycle from '../sandbox/lifecycle.js'
import type { Maker } from '../sandbox/make.js'
import type { NodeContext } from '../sandbox/node.js'
import type { PoolSource } from '../sandbox/pool-source.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { sizeClass } from '../sandbox/size.js'
import { allot, costOf } from './budget.js'
import { Filler } from './filler.js'
import { type Key, nameOf, runMemoryMiB } from './key.js'
import { Offer } from './offer.js'
import { Pool, type Reason } from './pool.js'
import { readReservations, saveReservations } from './reservation-store.js'
import { Reservations } from './reservations.js'

const tickMs = 1000
/** Places that the pools leave to claims, however much they would like to hold. */
const sparePlaces = 20

/** What an operator sets. */
export interface PoolSettings {
  /** Sandboxes of each template, at its defaults, that are always ready. */
  readonly floor: number
  /** The same for runs. */
  readonly runFloor: number
  readonly budget: PoolBudget
  /** An older one is replaced, in milliseconds. */
  readonly maxAgeMs: number
  /** With less memory free than this the pools give theirs back. */
  readonly reserveBytes: number
  /** Where schedules and warm-ahead requests are kept. */
  readonly file: string
}

/**
 * Sandboxes made ahead of need. Nothing that a tenant has touched ever comes back: what is claimed is the
 * claimer's until it is destroyed.
 */
export class Pools implements PoolSource {
  readonly #pools = new Map<string, Pool>()
  readonly #filler: Filler
  readonly offer: Offer
  readonly reservations: Reservations
  #ticking: Disposable | undefined

  constructor(
    private readonly node: NodeContext,
    templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly settings: PoolSettings,
    maker: Maker,
    /** Sandboxes that are somebody's. */
    private readonly claimed: () => number,
  ) {
    const floors = { sandboxes: settings.floor, runs: settings.runFloor }
    this.offer = new Offer(templates, node.ociRuntimes, floors)
    this.#filler = new Filler({
      ...{ node, maker, cpus: settings.budget.cpus },
      template: (name) => this.offer.template(name),
      pools: () => this.#pools.values(),
      made: (pool, sandbox) => {
        pool.made(sandbox)
        this.#watch(pool, sandbox)
      },
      quiet: () => this.refill(),
    })
    this.reservations = new Reservations(
      {
        keyOf: (request) => this.offer.keyOf(request),
        budget: settings.budget,
        floors: () => this.offer.costs(),
        save: (kept) => saveReservations(settings.file, kept),
        now: Date.now,
      },
      readReservations(settings.file, (error, aside) => {
        node.log.error(
          { err: error, aside },
          'pools.json cannot be read: schedules and requests are not in force',
        )
        node.problems.add(
          `pools.json cannot be read and was kept as ${aside}: schedules and warm-ahead requests are not in force`,
        )
      }),
    )
  }

  /**
   * Begins to make what is lacking. Not before everything that an earlier runtime left was adopted: what is made
   * meanwhile would be taken for a remainder of it, and removed.
   */
  open(): void {
    this.#ticking ??= every(tickMs, 'keeping the pools', this.node.log, () => this.#tick())
    this.refill()
  }

  /** A pooled sandbox that an earlier runtime made and that still runs. */
  adopt(sandbox: SandboxRecord): void {
    const pool = this.#poolFor(sandbox, sandbox.purpose)
    pool.ready.push(sandbox)
    this.#watch(pool, sandbox)
  }

  take(claim: Claim, purpose: PoolPurpose): SandboxRecord | undefined {
    const { isolation, limits } = claim
    const pool = this.#poolFor(claim, purpose)
    const [first] = pool.ready
    // Those of one pool were started alike: where one cannot be held to other limits, none can.
    const adapts = first === undefined || this.node.ociRuntimes.of(isolation).adapts(first.limits, limits)
    const sandbox = adapts ? this.#healthy(pool) : undefined
    pool.claimed(sandbox !== undefined)
    this.reservations.claimed(pool.key)
    this.#filler.claimed()
    return sandbox
  }

  recordLatency(claim: Claim, purpose: PoolPurpose, ms: number): void {
    this.#poolFor(claim, purpose).waits.add(ms)
  }

  status(): PoolStatus[] {
    return [...this.#pools.values()].map((pool) => pool.status(this.reservations.reserved(pool.key)))
  }

  describe(): PoolsStatus {
    const spent = costOf(
      [...this.#pools.values()].map(({ key, ready }) => ({ isolation: key.isolation, count: ready.length })),
    )
    return { pools: this.status(), budget: this.settings.budget, spent, ...this.reservations.describe() }
  }

  /** Looks at what is wanted anew, and brings every pool towards it. */
  refill(): void {
    this.#retarget()
    this.#filler.pump()
  }

  /** Stops refilling and destroys what waits. */
  async close(): Promise<void> {
    this.#ticking?.[Symbol.dispose]()
    await this.#filler.close()
    for (const pool of this.#pools.values()) {
      for (const sandbox of pool.ready.splice(0)) await lifecycle.destroy(this.node, sandbox)
    }
  }

  #tick(): void {
    this.reservations.expire()
    this.#retarget()
    for (const pool of this.#pools.values()) this.#trim(pool)
    this.#filler.pump()
    for (const pool of this.#pools.values()) pool.record()
  }

  #retarget(): void {
    for (const key of this.offer.always()) this.#pool(key)
    for (const key of this.reservations.keys()) {
      if (this.offer.template(key.template) !== undefined) this.#pool(key)
    }
    const pools = [...this.#pools.values()]
    const tight = availableMemory() < this.settings.reserveBytes
    const wanted = pools.map((pool) => {
      const offered = this.offer.includes(pool.key)
      return {
        isolation: pool.key.isolation,
        asked: offered ? this.reservations.reserved(pool.key) : 0,
        floor: tight ? 0 : this.offer.floorOf(pool.key),
        needed: offered && !tight ? pool.needed() : 0,
      }
    })
    const places = Math.max(0, maxSandboxes - sparePlaces - this.claimed())
    const budget = { ...this.settings.budget, sandboxes: Math.min(places, this.settings.budget.sandboxes) }
    allot(wanted, budget).forEach((count, i) => {
      const pool = pools[i]
      if (pool !== undefined) pool.target = count
    })
  }

  /** Destroys one that is too old or too many, at most: the rest comes with the next ticks. */
  #trim(pool: Pool): void {
    const layers = this.offer.template(pool.key.template)?.layers.join()
    const [oldest] = pool.ready
    if (oldest === undefined) return
    const ageMs = Date.now() - Date.parse(oldest.createdAt)
    const stale = pool.ready.find((sandbox) => sandbox.layers.join() !== layers)
    if (stale !== undefined) this.#discard(pool, stale, 'rebuilt')
    else if (pool.ready.length > pool.target) {
      this.#discard(pool, oldest, availableMemory() < this.settings.reserveBytes ? 'memory' : 'idle')
    } else if (ageMs > this.settings.maxAgeMs) this.#discard(pool, oldest, 'age')
  }

  /** The one that has waited longest and can be handed out: checked now, for the price of one line of /proc. */
  #healthy(pool: Pool): SandboxRecord | undefined {
    const layers = this.offer.template(pool.key.template)?.layers.join()
    for (let sandbox = pool.ready[0]; sandbox !== undefined; sandbox = pool.ready[0]) {
      if (!lifecycle.isAlive(sandbox)) this.#discard(pool, sandbox, 'dead')
      else if (sandbox.layers.join() !== layers) this.#discard(pool, sandbox, 'rebuilt')
      else return pool.ready.shift()
    }
    return undefined
  }

  #watch(pool: Pool, sandbox: SandboxRecord): void {
    lifecycle.watchExit(this.node, sandbox, () => {
      // One that was claimed is watched by `Sandboxes`.
      if (pool.ready.includes(sandbox)) this.#discard(pool, sandbox, 'dead')
    })
  }

  #discard(pool: Pool, sandbox: SandboxRecord, reason: Reason): void {
    if (!pool.remove(sandbox, reason)) return
    lifecycle.destroy(this.node, sandbox).catch((error: unknown) => {
      this.node.log.error({ error, id: sandbox.id }, 'a pooled sandbox cannot be removed')
    })
  }

  #poolFor(
    { template, isolation, limits }: Pick<Claim, 'template' | 'isolation' | 'limits'>,
    purpose: PoolPurpose,
  ) {
    const memoryMiB = purpose === 'run' ? runMemoryMiB : sizeClass(limits.memoryMiB)
    return this.#pool({ template, isolation, purpose, memoryMiB })
  }

  #pool(key: Key): Pool {
    const name = nameOf(key)
    const pool = this.#pools.get(name) ?? new Pool(key, () => performance.now())
    this.#pools.set(name, pool)
    return pool
  }
}
