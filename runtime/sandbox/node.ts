import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Cpusets } from '../cgroup/cpusets.js'
import type { Hierarchy } from '../cgroup/hierarchy.js'
import type { SeccompFilter } from '../container/filter.js'
import type { OciRuntimes } from '../container/oci-runtimes.js'
import { RuntimeRefusal } from '../errors.js'
import type { KeptTerminals } from '../host/kept.js'
import type { Reaper } from '../linux/process.js'
import { maxSandboxes, type Slot } from '../linux/slot.js'
import { openIdmap } from '../linux/userns.js'
import type { Network } from '../network/network.js'
import type { LateOutput } from '../process/late-output.js'
import type { DiskReserve } from '../rootfs/disk-reserve.js'
import type { MountedRoots } from '../rootfs/mounted.js'
import type { ResourceView } from '../view/view.js'
import type { Watches } from '../watch/watches.js'
import type { Quarantine } from './quarantine.js'
import type { SandboxRecord } from './record.js'

/** What all sandboxes of this node share, made once by `runtime/index.ts`. */
export interface NodeContext {
  readonly log: Logger
  readonly hierarchy: Hierarchy
  readonly ociRuntimes: OciRuntimes
  readonly slot: Slot
  readonly reaper: Reaper
  readonly filter: SeccompFilter
  /** Mount point of the sandboxes' disk. */
  readonly disk: string
  /** The block device under it, `major:minor`. */
  readonly device: string
  /** Records of sandboxes that outlive the host's next start. */
  readonly boxes: string
  /** Records of those that are for runs, and OCI bundles: a tmpfs, where a file costs the disk nothing. */
  readonly passing: { readonly boxes: string; readonly bundles: string }
  /** Where roots are mounted while a container starts, and execs leave their files: a tmpfs. */
  readonly scratch: string
  readonly roots: MountedRoots
  readonly cgroupRoot: string
  readonly ranges: Ranges
  readonly network: Network
  readonly cpusets: Cpusets
  readonly view: ResourceView
  /** Directories of sandboxes that somebody watches. */
  readonly watches: Watches
  readonly lateOutput: LateOutput
  /** What the terminals of stopped sandboxes showed. */
  readonly keptTerminals: KeptTerminals
  /** Puts a shell that waits into a pooled sandbox's container. Never fails. */
  prepareShell(container: string): Promise<void>
  /** Puts a process that waits for its program into one that is for a run. Never fails. */
  prepareExec(sandbox: SandboxRecord): Promise<void>
  readonly diskReserve: DiskReserve
  /** Sandboxes that were set aside with their disks. */
  readonly quarantine: Quarantine
  /** What an operator should look at, a sentence each. */
  readonly problems: Set<string>
  /** Left to those who run. */
  readonly memoryReserveBytes: number
}

/**
 * Where a sandbox's disk is. Those of runs are apart: everything there is a run's, and can go when its run is gone.
 */
export const volumeOf = (
  node: { readonly disk: string },
  sandbox: Pick<SandboxRecord, 'id' | 'purpose'>,
): string => join(node.disk, sandbox.purpose === 'run' ? 'runs' : 'sandboxes', sandbox.id)

/** Where its OCI bundle is, while it runs. */
export const bundleOf = (node: Pick<NodeContext, 'passing'>, sandbox: Pick<SandboxRecord, 'id'>): string =>
  join(node.passing.bundles, sandbox.id)

/** Idmaps opened ahead: to make one takes a process and 3 ms, and a new sandbox waits for it. */
const idmapsAhead = 4
/** The kernel takes a dead sandbox's interface away some time after; until then its place is taken last. */
const restMs = 2000

/** Places in the instance's ranges. A place is free again only when its sandbox is gone. */
export class Ranges {
  readonly #used = new Set<number>()
  readonly #idmaps = new Map<number, Promise<number>>()
  readonly #releasedAt = new Map<number, number>()
  readonly #leaving = new Set<Promise<void>>()
  #ahead: Promise<unknown> = Promise.resolve()

  constructor(private readonly slot: Slot) {}

  /** @throws RuntimeRefusal `node_full` */
  take(): number {
    const [index] = this.#free(1)
    if (index === undefined) {
      throw new RuntimeRefusal('node_full', `this node holds ${maxSandboxes} sandboxes, which is all it can`)
    }
    this.#used.add(index)
    this.openAhead()
    return index
  }

  adopt(index: number): void {
    this.#used.add(index)
  }

  /** Frees a place once `gone` is over. Should that fail, the place is not used again before the next start. */
  releaseAfter(index: number, gone: Promise<void>, log: Logger): void {
    const leaving = gone
      .then(() => {
        this.#used.delete(index)
        this.#releasedAt.set(index, performance.now())
      })
      .catch((error: unknown) => log.error({ error, index }, 'the place of a sandbox stays taken'))
      .finally(() => this.#leaving.delete(leaving))
    this.#leaving.add(leaving)
  }

  /** Resolves when every place that is being left is free. */
  async settled(): Promise<void> {
    await Promise.all(this.#leaving)
  }

  /** The idmap of a place. Nobody ever enters that namespace, so the next sandbox there uses it again. */
  idmap(index: number): Promise<number> {
    const known = this.#idmaps.get(index)
    if (known !== undefined) return known
    const opening = openIdmap(this.slot.uidBase(index))
    this.#idmaps.set(index, opening)
    opening.catch(() => this.#idmaps.delete(index))
    return opening
  }

  /** Opens the idmaps of the places that come next, one at a time, while others work. */
  openAhead(): void {
    this.#ahead = this.#ahead.then(async () => {
      // Who needs one that could not be opened tries again, and hears why.
      for (const index of this.#free(idmapsAhead)) await this.idmap(index).catch(() => {})
    })
  }

  /** The next free places, in the order in which they will be taken. */
  #free(count: number): number[] {
    const rested: number[] = []
    const resting: number[] = []
    const now = performance.now()
    for (let index = 0; index < maxSandboxes && rested.length < count; index++) {
      if (this.#used.has(index)) continue
      const releasedAt = this.#releasedAt.get(index)
      if (releasedAt !== undefined && now - releasedAt < restMs) resting.push(index)
      else rested.push(index)
    }
    return [...rested, ...resting].slice(0, count)
  }
}
