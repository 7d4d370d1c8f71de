import type { NodeSandboxState, RuntimeSandbox } from '../../protocol/node/index.js'
import type { OomKill } from '../linux/kernel-log.js'
import { Incidents } from './incidents.js'
import { linkOf } from './lifecycle.js'
import type { Meter } from './meter.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'
import type { ServiceKeeper } from './service-keeper.js'
import type { SandboxTable } from './table.js'

/** What the node tells of its sandboxes. */
export class Descriptions {
  readonly #incidents: Incidents

  constructor(
    private readonly node: NodeContext,
    private readonly table: SandboxTable,
    private readonly meter: Meter,
    private readonly services: ServiceKeeper,
    private readonly stateOf: (sandbox: SandboxRecord) => NodeSandboxState,
    kills: () => readonly OomKill[],
  ) {
    this.#incidents = new Incidents(node.hierarchy, kills, (sandbox) =>
      node.network.denied(linkOf(node, sandbox)),
    )
  }

  /** @param metered with live usage; without it the answer needs no question to the kernel */
  async of(sandbox: SandboxRecord, metered = true): Promise<RuntimeSandbox> {
    if (!metered) return this.#present(sandbox, null)
    const usage = await this.meter.readOne(sandbox)
    this.#incidents.look([sandbox], [usage], this.table.list())
    return this.#present(sandbox, usage)
  }

  /** Every sandbox with its live usage, in one pass. */
  async ofAll(): Promise<RuntimeSandbox[]> {
    const boxes = this.table.list()
    const usages = await this.meter.readAll(boxes)
    this.meter.keep(boxes)
    this.#incidents.look(boxes, usages)
    this.#incidents.keep(boxes)
    return boxes.map((sandbox, at) => this.#present(sandbox, usages[at] ?? null))
  }

  #present(sandbox: SandboxRecord, usage: RuntimeSandbox['usage']): RuntimeSandbox {
    const { template, failure, limits, network, isolation, volumes, warm } = sandbox
    const state = this.stateOf(sandbox)
    const id = sandbox.sandboxId ?? ''
    const tenantId = sandbox.tenantId ?? ''
    return {
      id,
      tenantId,
      template,
      state,
      failure,
      limits,
      network,
      isolation,
      volumes,
      warm,
      service: this.services.statusOf(sandbox),
      unconfirmedMs: this.table.unconfirmedMs(id),
      usage,
      incidents: [...this.#incidents.of(sandbox)],
      allowedNames: this.node.network.describe(linkOf(this.node, sandbox)),
    }
  }
}
