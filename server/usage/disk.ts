import { type DiskUse, diskKinds } from '../../protocol/api/index.js'
import { type NodeDiskUse, nodeDiskUse } from '../../protocol/node/index.js'
import type { NodeRegistry } from '../nodes/registry.js'

type OfTenant = NodeDiskUse['tenants'][number]
const none = { count: 0, bytes: 0, exclusiveBytes: 0 }

/** What tenants have on the disks of all nodes. */
export class DiskUses {
  constructor(private readonly nodes: NodeRegistry) {}

  /** Of every tenant that has something. A node that does not answer is left out, and it is not complete then. */
  async read(): Promise<{ of: (tenantId: string) => DiskUse; complete: boolean }> {
    const nodes = await this.nodes.all()
    const ask = async (id: string) =>
      (await (await this.nodes.reach(id)).ask('GET', '/disk-use', nodeDiskUse)).tenants
    const told = await Promise.all(nodes.map(({ id }) => ask(id).catch(() => undefined)))
    const complete = told.every((one) => one !== undefined)
    const tenants = new Map<string, OfTenant[]>()
    for (const one of told.flatMap((answer) => answer ?? [])) {
      tenants.set(one.tenantId, [...(tenants.get(one.tenantId) ?? []), one])
    }
    return { of: (tenantId) => ({ ...summed(tenants.get(tenantId) ?? []), complete }), complete }
  }
}

function summed(parts: readonly OfTenant[]): Omit<DiskUse, 'complete'> {
  const sum = { sandboxes: none, snapshots: none, volumes: none, volumeSnapshots: none }
  for (const kind of diskKinds) {
    for (const part of parts) {
      sum[kind] = {
        count: sum[kind].count + part[kind].count,
        bytes: sum[kind].bytes + part[kind].bytes,
        exclusiveBytes: sum[kind].exclusiveBytes + part[kind].exclusiveBytes,
      }
    }
  }
  return sum
}
