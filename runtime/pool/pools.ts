import { join } from 'node:path'
import { every } from '../../common/timers.js'
import type {
  PoolBudget,
  PoolPurpose,
  PoolSchedule,
  PoolStatus,
  PoolsStatus,
  WarmRequest,
} from '../../protocol/api/index.js'
import type { Claim } from '../../protocol/node/index.js'
import { setWeight } from '../cgroup/weight.js'
import { RuntimeRefusal } from '../errors.js'
import { availableMemory } from '../linux/memory.js'
import { maxSandboxes } from '../linux/slot.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { capacityError } from '../sandbox/capacity.js'
import * as lifecycle from '../sandbox/lifecycle.js'
import type { Maker } from '../sandbox/make.js'
import type { NodeContext } from '../sandbox/node.js'
import type { PoolSource } from '../sandbox/pool-source.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { sizeClass } from '../sandbox/size.js'
import { allot, costOf } from './budget.js'
import { type Key, nameOf, runMemoryMiB } from './key.js'
import { Pool, type Reason } from './pool.js'
import { readReservations, saveReservations } from './reservation-store.js'
import { Reservations } from './reservations.js'

/** Refilling waits for so long a pause between claims: while a burst is served, the processors are its own. */
const quietMs = 100
/** But no longer than this: claims that never pause would find the pool empty for ever. */
const longestQuietMs = 1000
const tickMs = 1000
/** Always ready of each hardened template: one costs some 60 MiB while it waits, where a standard one costs 1. */
const mostHardened = 1
/** Against 100 of each tenant: those in use come first. */
const weight = 10
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
  readonly #making = new Set<Promise<void>>()
  readonly reservations: Reservations
  #parent: string | undefined
  #closed = false
  #quiet: NodeJS.Timeout | undefined
  #burstBegan = Number.NEGATIVE_INFINITY
  #lastClaim = Number.NEGATIVE_INFINITY
  #ticking: Disposable | undefined

  constructor(
    private readonly node: NodeContext,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly settings: PoolSettings,
    private readonly maker: Maker,
    /** Sandboxes that are somebody's. */
    private readonly claimed: () => number,
  ) {
    const policy = {
      keyOf: (request: PoolSchedule | WarmRequest) => this.keyOf(request),
      budget: settings.budget,
      floors: () => this.#floors(),
      save: (kept: Parameters<typeof saveReservations>[1]) => saveReservations(settings.file, kept),
      now: Date.now,
    }
    this.reservations = new Reservations(
      policy,
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

  /** @throws RuntimeRefusal `template_unavailable` */
  keyOf(request: PoolSchedule | WarmRequest): Key {
    const { template, isolation, purpose, memoryMiB } = request
    if (purpose === 'run') return { template, isolation, purpose, memoryMiB: runMemoryMiB }
    const found = this.templates().get(template)
    // A reservation of a template that went away stays, for it may come back; what is asked anew is checked by its caller.
    const wanted = memoryMiB ?? found?.defaults.memoryMiB ?? 16
    return { template, isolation, purpose, memoryMiB: sizeClass(wanted) }
  }

  /** @throws RuntimeRefusal `template_unavailable` */
  assertOffered({ template, isolation, purpose }: PoolSchedule | WarmRequest): void {
    if (purpose === 'run' && isolation !== 'standard') {
      throw new RuntimeRefusal('invalid_request', 'runs are performed in standard sandboxes')
    }
    if (this.#offered({ template, isolation })) return
    throw new RuntimeRefusal('template_unavailable', `this node has no ${isolation} template ${template}`)
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
    const now = performance.now()
    if (now - this.#lastClaim > quietMs) this.#burstBegan = now
    this.#lastClaim = now
    this.#whenQuiet()
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
    this.#pump()
  }

  /** Stops refilling and destroys what waits. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#quiet)
    this.#ticking?.[Symbol.dispose]()
    await Promise.all(this.#making)
    for (const pool of this.#pools.values()) {
      for (const sandbox of pool.ready.splice(0)) await lifecycle.destroy(this.node, sandbox)
    }
  }

  #tick(): void {
    this.reservations.expire()
    this.#retarget()
    for (const pool of this.#pools.values()) this.#trim(pool)
    this.#pump()
    for (const pool of this.#pools.values()) pool.record()
  }

  #retarget(): void {
    for (const floor of this.#floorKeys()) this.#pool(floor)
    for (const key of this.reservations.keys()) if (this.templates().has(key.template)) this.#pool(key)
    const pools = [...this.#pools.values()]
    const floors = new Set(this.#floorKeys().map(nameOf))
    const tight = availableMemory() < this.settings.reserveBytes
    const wanted = pools.map((pool) => ({
      isolation: pool.key.isolation,
      asked: this.#offered(pool.key) ? this.reservations.reserved(pool.key) : 0,
      floor: floors.has(nameOf(pool.key)) && !tight ? this.#floorOf(pool.key) : 0,
      needed: this.#offered(pool.key) && !tight ? pool.needed() : 0,
    }))
    const places = Math.max(0, maxSandboxes - sparePlaces - this.claimed())
    const budget = { ...this.settings.budget, sandboxes: Math.min(places, this.settings.budget.sandboxes) }
    allot(wanted, budget).forEach((count, i) => {
      const pool = pools[i]
      if (pool !== undefined) pool.target = count
    })
  }

  /** Destroys one that is too old or too many, at most: the rest comes with the next ticks. */
  #trim(pool: Pool): void {
    const layers = this.templates().get(pool.key.template)?.layers.join()
    const [oldest] = pool.ready
    if (oldest === undefined) return
    const ageMs = Date.now() - Date.parse(oldest.createdAt)
    const stale = pool.ready.find((sandbox) => sandbox.layers.join() !== layers)
    if (stale !== undefined) this.#discard(pool, stale, 'rebuilt')
    else if (pool.ready.length > pool.target) {
      this.#discard(pool, oldest, availableMemory() < this.settings.reserveBytes ? 'memory' : 'idle')
    } else if (ageMs > this.settings.maxAgeMs) this.#discard(pool, oldest, 'age')
  }

  /** Makes what is lacking, the emptiest pool first, as many at once as the budget has processors. */
  #pump(): void {
    const atOnce = Math.max(1, Math.floor(this.settings.budget.cpus))
    while (
      !this.#closed &&
      this.#making.size < atOnce &&
      !this.#busy() &&
      capacityError(this.node) === null
    ) {
      const [pool] = [...this.#pools.values()]
        .filter(({ lacking }) => lacking > 0)
        .toSorted((one, other) => one.ready.length / one.target - other.ready.length / other.target)
      if (pool === undefined) return
      const making: Promise<void> = this.#make(pool).finally(() => {
        this.#making.delete(making)
        this.#pump()
      })
      this.#making.add(making)
    }
  }

  /** A burst is being served. */
  #busy(): boolean {
    const now = performance.now()
    return now - this.#lastClaim < quietMs && now - this.#burstBegan < longestQuietMs
  }

  #whenQuiet(): void {
    clearTimeout(this.#quiet)
    const waited = performance.now() - this.#burstBegan
    this.#quiet = setTimeout(() => this.refill(), Math.max(1, Math.min(quietMs, longestQuietMs - waited)))
  }

  async #make(pool: Pool): Promise<void> {
    pool.creating++
    const began = performance.now()
    try {
      const sandbox = await this.#makeOne(pool.key)
      pool.made(sandbox)
      this.#watch(pool, sandbox)
    } catch (error) {
      pool.failed(error)
      this.node.log.error({ error, pool: nameOf(pool.key) }, 'a sandbox for the pool cannot be made')
    } finally {
      pool.creating--
    }
    // A budget of half a processor leaves as long a pause as the work took.
    const share = Math.min(1, this.settings.budget.cpus)
    const restMs = (performance.now() - began) * (1 / share - 1)
    if (restMs >= 1) await new Promise((resolve) => setTimeout(resolve, restMs).unref())
  }

  async #makeOne({ template, isolation, memoryMiB, purpose }: Key): Promise<SandboxRecord> {
    const defaults = this.templates().get(template)?.defaults
    if (defaults === undefined) throw new Error(`template ${template} is gone`)
    const limits = { ...defaults, memoryMiB }
    const plain = { tenantId: null, purpose, template, isolation, limits, env: {} }
    if (purpose === 'run') {
      const wanted = { ...plain, network: 'none', hostname: 'run' } as const
      const sandbox = await this.maker.make(null, wanted, this.maker.runCgroup())
      await this.node.prepareExec(sandbox)
      return sandbox
    }
    const wanted = { ...plain, network: 'internet', hostname: 'sandbox' } as const
    const cgroup = join(this.#parentCgroup(), `${template}-${process.hrtime.bigint()}`)
    const made = await this.maker.make(null, wanted, cgroup)
    // Before anybody can claim it: what comes into a cgroup while its processes move stays behind.
    await this.node.prepareShell(made.id)
    return made
  }

  #parentCgroup(): string {
    if (this.#parent === undefined) {
      this.#parent = lifecycle.makeParentCgroup(this.node, 'pool')
      setWeight(this.node.hierarchy, this.#parent, weight)
    }
    return this.#parent
  }

  /** The one that has waited longest and can be handed out: checked now, for the price of one line of /proc. */
  #healthy(pool: Pool): SandboxRecord | undefined {
    const layers = this.templates().get(pool.key.template)?.layers.join()
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

  #offered({ template, isolation }: Pick<Key, 'template' | 'isolation'>): boolean {
    const named = this.templates().get(template)?.isolation.includes(isolation) ?? false
    return named && this.node.ociRuntimes.offers(isolation)
  }

  #floorKeys(): Key[] {
    return [...this.templates().values()].flatMap(({ name, isolation, defaults }) => {
      const memoryMiB = sizeClass(defaults.memoryMiB)
      const forSandboxes = isolation.map((one): Key => {
        return { template: name, isolation: one, memoryMiB, purpose: 'sandbox' }
      })
      const forRuns: Key = { template: name, isolation: 'standard', memoryMiB: runMemoryMiB, purpose: 'run' }
      return [...forSandboxes, forRuns].filter((key) => this.#offered(key))
    })
  }

  #floors() {
    const wants = this.#floorKeys().map((key) => {
      const { template, isolation, purpose } = key
      const label = `always ready: ${template}${purpose === 'run' ? ' for runs' : ''}`
      return { isolation, count: this.#floorOf(key), label }
    })
    return wants.filter(({ count }) => count > 0)
  }

  #floorOf({ isolation, purpose }: Key): number {
    if (purpose === 'run') return this.settings.runFloor
    return isolation === 'hardened' ? Math.min(mostHardened, this.settings.floor) : this.settings.floor
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
