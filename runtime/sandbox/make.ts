import { join } from 'node:path'
import type { Limits, PoolPurpose } from '../../protocol/api/index.js'
import type { Claim } from '../../protocol/node/index.js'
import type { CgroupLimits } from '../cgroup/limits.js'
import { setWeight } from '../cgroup/weight.js'
import { imageSettings } from '../container/image-settings.js'
import type { MountedFile } from '../container/spec.js'
import { RuntimeRefusal } from '../errors.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import { assertCapacity } from './capacity.js'
import { saveCopy } from './copy.js'
import * as lifecycle from './lifecycle.js'
import type { NodeContext } from './node.js'
import { freshRecord, type SandboxRecord, saveRecord, syncRecord } from './record.js'
import { serviceFor } from './service-record.js'
import type { Tenants } from './tenants.js'

/** What a sandbox is made from. Nobody's yet with `tenantId` null. */
export type Plan = Omit<Claim, 'quota' | 'tenantId'> & { tenantId: string | null; purpose: PoolPurpose }

/** The volume that a disk begins with, and what was written down of it. */
export interface DiskSource {
  /** Absent: it begins empty. */
  readonly path?: string
  readonly record: Pick<SandboxRecord, 'layers' | 'image' | 'system'>
}

/** @throws RuntimeRefusal `invalid_request` when it cannot be in a stack */
function assertJoins({ isolation }: Plan): void {
  if (isolation === 'standard') return
  const why = 'names of the others are mounted into them, which gVisor would not see change'
  throw new RuntimeRefusal('invalid_request', `sandboxes of a stack have standard isolation: ${why}`)
}

/** Makes sandboxes from nothing, for claims, runs and pools. */
export class Maker {
  /** The control group of what runs are performed in. */
  #runs: string | undefined

  constructor(
    private readonly node: NodeContext,
    private readonly templates: () => ReadonlyMap<string, LocalTemplate>,
    private readonly tenants: Tenants,
  ) {}

  /**
   * @param id null for the pool or a run
   * @param below a volume whose content lies over the template's layers
   * @param source what its disk begins with, and the layers that are below that
   * @param files of the host that it sees
   * @throws RuntimeRefusal `template_unavailable`, `node_full`; and whatever goes wrong: then nothing of it is left
   */
  async make(
    id: string | null,
    plan: Plan,
    cgroup: string,
    below?: string,
    source?: DiskSource,
    files: (sandbox: SandboxRecord) => readonly MountedFile[] = () => [],
  ): Promise<SandboxRecord> {
    const { layers, image, system } = source?.record ?? this.#templateOf(plan)
    // Neither a run nor what waits for somebody has one.
    const service = id === null ? null : serviceFor(plan.service, this.templates().get(plan.template)?.image)
    if (plan.stack !== undefined) assertJoins(plan)
    assertCapacity(this.node)
    const index = this.node.ranges.take()
    const { tenantId, purpose, limits, network, isolation, env, hostname } = plan
    const fresh = freshRecord(index, {
      ...{ sandboxId: id, tenantId, purpose, template: plan.template },
      ...{ limits, network, isolation, env, hostname, cgroup, system, volumes: plan.volumes ?? [] },
      ...{ service, stack: plan.stack ?? null },
      image: image === null ? null : imageSettings.parse(image),
      layers: below === undefined ? layers : [...layers, lifecycle.asLayer(below)],
    })
    const directory = lifecycle.directoryOf(this.node, fresh)
    try {
      saveRecord(directory, fresh)
      // It lasts as long as the rest, or less, and nobody waits for it. What is for a run does not outlive the host.
      const synced = purpose === 'run' ? undefined : syncRecord(directory)
      synced?.catch(() => {}) // heard below
      const sandbox = await lifecycle.boot(
        this.node,
        await lifecycle.makeDisk(this.node, fresh, source?.path),
        this.boundsOf(fresh),
        files(fresh),
      )
      if (id !== null) saveCopy(this.node, sandbox)
      await synced
      return sandbox
    } catch (error) {
      await lifecycle.destroy(this.node, fresh)
      throw error
    }
  }

  /**
   * What a run needs to stage a program, only templates from recipes are sure to have: a shell, setpriv, the user's home.
   * @throws RuntimeRefusal `template_unavailable`
   */
  assertRuns(template: string): void {
    if ((this.templates().get(template)?.image ?? null) === null) return
    throw new RuntimeRefusal(
      'template_unavailable',
      `${template} is an imported image, and runs need a template from a recipe`,
    )
  }

  #templateOf(plan: Plan): LocalTemplate {
    const template = this.templates().get(plan.template)
    if (template !== undefined) return template
    throw new RuntimeRefusal('template_unavailable', `this node has no template ${plan.template}`)
  }

  /** Where the next sandbox for a run is to be made. */
  runCgroup(): string {
    if (this.#runs === undefined) {
      this.#runs = lifecycle.makeParentCgroup(this.node, 'runs')
      setWeight(this.node.hierarchy, this.#runs, 100)
    }
    return join(this.#runs, `run-${process.hrtime.bigint()}`)
  }

  /** What its cgroup is held to. */
  boundsOf(sandbox: SandboxRecord): CgroupLimits {
    const bounds = this.tenants.bounds(sandbox.tenantId, this.hostLimits(sandbox))
    // One that waits in the pool is nobody's load. The programs of runs are in cgroups of their own.
    const pinned = sandbox.sandboxId !== null && sandbox.isolation === 'standard'
    return pinned ? { ...bounds, cpuset: this.node.cpusets.assign(sandbox.id, sandbox.limits.cpus) } : bounds
  }

  /** What the host must allow, so that the sandbox has its limits. */
  hostLimits(sandbox: SandboxRecord): Limits {
    return this.node.ociRuntimes.of(sandbox.isolation).hostLimits(sandbox.limits)
  }
}
