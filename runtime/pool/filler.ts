import { join } from 'node:path'
import { setWeight } from '../cgroup/weight.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { capacityError } from '../sandbox/capacity.js'
import * as lifecycle from '../sandbox/lifecycle.js'
import type { Maker } from '../sandbox/make.js'
import type { NodeContext } from '../sandbox/node.js'
import type { SandboxRecord } from '../sandbox/record.js'
import { type Key, nameOf } from './key.js'
import type { Pool } from './pool.js'

/** Refilling waits for so long a pause between claims: while a burst is served, the processors are its own. */
const quietMs = 100
/** But no longer than this: claims that never pause would find the pool empty for ever. */
const longestQuietMs = 1000
/** Against 100 of each tenant: those in use come first. */
const weight = 10

/** What a filler works with. */
interface FillerParts {
  readonly node: NodeContext
  readonly maker: Maker
  /** Processors that it may use. */
  readonly cpus: number
  template(name: string): LocalTemplate | undefined
  pools(): Iterable<Pool>
  /** One is ready, in this pool. */
  made(pool: Pool, sandbox: SandboxRecord): void
  /** Nobody has claimed anything for a while. */
  quiet(): void
}

/** Makes the sandboxes that pools lack, when nobody is being served. */
export class Filler {
  readonly #making = new Set<Promise<void>>()
  #parent: string | undefined
  #closed = false
  #quiet: NodeJS.Timeout | undefined
  #burstBegan = Number.NEGATIVE_INFINITY
  #lastClaim = Number.NEGATIVE_INFINITY

  constructor(private readonly parts: FillerParts) {}

  /** Somebody is being served. */
  claimed(): void {
    const now = performance.now()
    if (now - this.#lastClaim > quietMs) this.#burstBegan = now
    this.#lastClaim = now
    clearTimeout(this.#quiet)
    const waited = now - this.#burstBegan
    const inMs = Math.max(1, Math.min(quietMs, longestQuietMs - waited))
    this.#quiet = setTimeout(() => this.parts.quiet(), inMs)
  }

  /** Makes what is lacking, the emptiest pool first, as many at once as the budget has processors. */
  pump(): void {
    const { node, cpus, pools } = this.parts
    const atOnce = Math.max(1, Math.floor(cpus))
    while (!this.#closed && this.#making.size < atOnce && !this.#busy() && capacityError(node) === null) {
      const [pool] = [...pools()]
        .filter(({ lacking }) => lacking > 0)
        .toSorted((one, other) => one.ready.length / one.target - other.ready.length / other.target)
      if (pool === undefined) return
      const making: Promise<void> = this.#make(pool).finally(() => {
        this.#making.delete(making)
        this.pump()
      })
      this.#making.add(making)
    }
  }

  /** Makes no more. Resolves when what is under way is ready. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#quiet)
    await Promise.all(this.#making)
  }

  /** A burst is being served. */
  #busy(): boolean {
    const now = performance.now()
    return now - this.#lastClaim < quietMs && now - this.#burstBegan < longestQuietMs
  }

  async #make(pool: Pool): Promise<void> {
    const { node, cpus, made } = this.parts
    pool.creating++
    const began = performance.now()
    try {
      made(pool, await this.#makeOne(pool.key))
    } catch (error) {
      pool.failed(error)
      node.log.error({ error, pool: nameOf(pool.key) }, 'a sandbox for the pool cannot be made')
    } finally {
      pool.creating--
    }
    // A budget of half a processor leaves as long a pause as the work took.
    const share = Math.min(1, cpus)
    const restMs = (performance.now() - began) * (1 / share - 1)
    if (restMs >= 1) await new Promise((resolve) => setTimeout(resolve, restMs).unref())
  }

  async #makeOne({ template, isolation, memoryMiB, purpose }: Key): Promise<SandboxRecord> {
    const { node, maker } = this.parts
    const { defaults, image } = this.parts.template(template) ?? {}
    if (defaults === undefined) throw new Error(`template ${template} is gone`)
    const limits = { ...defaults, memoryMiB }
    const plain = { tenantId: null, purpose, template, isolation, limits, env: {} }
    if (purpose === 'run') {
      const wanted = { ...plain, network: 'none', hostname: 'run' } as const
      const sandbox = await maker.make(null, wanted, maker.runCgroup())
      await node.prepareExec(sandbox)
      return sandbox
    }
    const wanted = { ...plain, network: 'internet', hostname: 'sandbox' } as const
    const cgroup = join(this.#parentCgroup(), `${template}-${process.hrtime.bigint()}`)
    const sandbox = await maker.make(null, wanted, cgroup)
    // Before anybody can claim it: what comes into a cgroup while its processes move stays behind.
    // Which shell an image has is found out when a terminal is opened.
    if (image === null) await node.prepareShell(sandbox.id)
    return sandbox
  }

  #parentCgroup(): string {
    const { node } = this.parts
    if (this.#parent === undefined) {
      this.#parent = lifecycle.makeParentCgroup(node, 'pool')
      setWeight(node.hierarchy, this.#parent, weight)
    }
    return this.#parent
  }
}
