import type { ExecRequest, Limits } from '../../protocol/api/index.js'
import { type SearchVolume, searchedVolume } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'
import { type RunningExec, startExec } from './exec.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'
import type { RunSandboxes } from './run-sandboxes.js'
import type { Sandboxes } from './service.js'

/** At once, in those sandboxes of one tenant in which nothing runs. */
const tenantMax = 4
/** What a search has at most, within the limits of the sandbox. */
const bounds = { cpus: 1, memoryMiB: 256, pids: 64 } as const
/** A disk that is full would leave nothing for what a start writes. */
const spareDiskMiB = 16

/**
 * Searches in the files of sandboxes. One that runs does it itself. For one that is paused or stopped a sandbox is made whose
 * disk is a copy of its own, which costs no more than a snapshot, and destroyed afterwards: the program is the
 * tenant's, and so are the files that it reads, so it needs the same isolation, and what it writes is lost.
 */
export class Searches {
  /** How many there are in copies, by tenant. */
  readonly #copies = new Map<string, number>()

  constructor(
    private readonly node: NodeContext,
    private readonly sandboxes: Sandboxes,
    private readonly runSandboxes: RunSandboxes,
    /** Keeps volumes of a tenant from being deleted. */
    private readonly hold: (ids: readonly string[], tenantId: string) => Disposable,
  ) {}

  /**
   * @param request the command that searches
   * @throws RuntimeRefusal `not_found`, `rate_limited`, `conflict` while the tenant is paused; as `startExec`
   */
  async start(id: string, request: ExecRequest): Promise<RunningExec> {
    const sandbox = this.sandboxes.get(id)
    if (this.sandboxes.stateOf(sandbox) === 'running') {
      return startExec(this.node, await this.sandboxes.ready(id), request)
    }
    const tenantId = sandbox.tenantId ?? ''
    this.sandboxes.tenants.assertAwake(tenantId)
    const leave = this.#enter(tenantId)
    try {
      return await this.#inCopy(id, request, leave)
    } catch (error) {
      leave()
      throw error
    }
  }

  /**
   * The same in a volume, by the ripgrep of a sandbox of its own in which the volume is mounted read-only.
   * @throws RuntimeRefusal `not_found`, `template_unavailable`, `rate_limited`, `conflict` while the tenant is paused
   */
  async inVolume(id: string, { exec, tenantId, quota }: SearchVolume): Promise<RunningExec> {
    const hold = this.hold([id], tenantId)
    const leave = this.#enter(tenantId)
    const end = () => {
      leave()
      hold[Symbol.dispose]()
    }
    try {
      this.sandboxes.tenants.assertAwake(tenantId)
      const limits = { ...bounds, cpus: Math.min(bounds.cpus, quota.cpus), diskMiB: spareDiskMiB }
      const reader = await this.runSandboxes.reader({
        ...{ tenantId, quota, limits, template: 'base', network: 'none', isolation: 'standard', env: {} },
        ...{ hostname: 'search', volumes: [{ volume: id, path: searchedVolume, readOnly: true }] },
      })
      return await this.#in(reader, exec, end)
    } catch (error) {
      end()
      throw error
    }
  }

  /** @returns to be called once, when it has ended */
  #enter(tenantId: string): () => void {
    const now = this.#copies.get(tenantId) ?? 0
    if (now >= tenantMax) {
      const message = `${tenantMax} searches in paused or stopped sandboxes are under way: try again when one has ended`
      throw new RuntimeRefusal('rate_limited', message)
    }
    this.#copies.set(tenantId, now + 1)
    return () => {
      const left = (this.#copies.get(tenantId) ?? 1) - 1
      if (left > 0) this.#copies.set(tenantId, left)
      else this.#copies.delete(tenantId)
    }
  }

  async #inCopy(id: string, request: ExecRequest, leave: () => void): Promise<RunningExec> {
    const copy = await this.sandboxes.atRest(id, (sandbox) =>
      this.runSandboxes.copy(sandbox, within(sandbox.limits)),
    )
    return this.#in(copy, request, leave)
  }

  /** @param leave is called when it has ended, if it has begun */
  async #in(copy: SandboxRecord, request: ExecRequest, leave: () => void): Promise<RunningExec> {
    const end = () => this.runSandboxes.release(copy)
    try {
      const running = await startExec(this.node, copy, request)
      const follow: RunningExec['follow'] = async (take) => {
        try {
          return await running.follow(take)
        } finally {
          await end().finally(leave)
        }
      }
      return { kill: running.kill, follow }
    } catch (error) {
      await end()
      throw error
    }
  }
}

const within = (limits: Limits): Limits => ({
  ...limits,
  cpus: Math.min(limits.cpus, bounds.cpus),
  memoryMiB: Math.min(limits.memoryMiB, bounds.memoryMiB),
  pids: Math.min(limits.pids, bounds.pids),
  diskMiB: limits.diskMiB + spareDiskMiB,
})
