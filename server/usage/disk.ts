import { type DiskUse, diskKinds } from '../../protocol/api/index.js'
import { type NodeDiskUse, nodeDiskUse } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import type { NodeRegistry } from '../nodes/registry.js'
import { templateUse } from './template-use.js'

type Counted = DiskUse['images']
type Kinds = Partial<Record<(typeof diskKinds)[number], Counted>>
const none: Counted = { count: 0, bytes: 0, exclusiveBytes: 0 }

/** What tenants have on the disks of all nodes. */
export class DiskUses {
  constructor(
    private readonly database: Database,
    private readonly nodes: NodeRegistry,
  ) {}

  /**
   * Of every tenant that has something, or of one. A node that does not answer is left out, and it is not complete then.
   * @param only id of a tenant
   */
  async read(only?: string): Promise<{ of: (tenantId: string) => DiskUse; complete: boolean }> {
    const nodes = await this.nodes.all()
    const ask = async (id: string) => (await this.nodes.reach(id)).ask('GET', '/disk-use', nodeDiskUse)
    const [told, images] = await Promise.all([
      Promise.all(nodes.map(({ id }) => ask(id).catch(() => undefined))),
      this.#images(only),
    ])
    const complete = told.every((one) => one !== undefined)
    const there = told.flatMap((answer) => answer ?? [])
    const parts = new Map<string, Kinds[]>()
    const add = (tenantId: string, part: Kinds) => parts.set(tenantId, [...(parts.get(tenantId) ?? []), part])
    for (const { tenantId, ...kinds } of there.flatMap(({ tenants }) => tenants)) add(tenantId, kinds)
    for (const [owner, templates] of await this.#templates(there, only)) add(owner, { templates })
    for (const { tenantId, ...bytes } of images) add(tenantId, { images: bytes })
    return { of: (tenantId) => ({ ...summed(parts.get(tenantId) ?? []), complete }), complete }
  }

  /** Blobs are files of one tenant: nothing shares them, and several repositories have one file. */
  async #images(tenantId: string | undefined): Promise<(Counted & { tenantId: string })[]> {
    const { rows } = await this.database.pool.query(
      `SELECT blobs."tenantId", coalesce(manifests.count, 0)::INTEGER AS count, bytes, bytes AS "exclusiveBytes" FROM
         (SELECT "tenantId", sum("sizeBytes")::FLOAT8 AS bytes FROM
           (SELECT DISTINCT ON ("tenantId", digest, "nodeId") "tenantId", "sizeBytes" FROM registry_blob
            WHERE ready AND ($1::TEXT IS NULL OR "tenantId" = $1)) AS files
          GROUP BY "tenantId") AS blobs
       LEFT JOIN (SELECT "tenantId", count(*) FROM registry_manifest GROUP BY "tenantId") AS manifests USING ("tenantId")`,
      [tenantId ?? null],
    )
    return rows
  }

  async #templates(there: readonly NodeDiskUse[], tenantId: string | undefined) {
    if (there.every(({ templates }) => templates.length === 0)) return []
    const rows = await this.database.prisma.template.findMany({
      ...(tenantId === undefined ? {} : { where: { tenantId } }),
      select: { id: true, tenantId: true },
    })
    return templateUse(there, new Map(rows.map((row) => [row.id, row.tenantId])))
  }
}

function summed(parts: readonly Kinds[]): Omit<DiskUse, 'complete'> {
  const sum = {
    ...{ sandboxes: none, snapshots: none, volumes: none, volumeSnapshots: none },
    ...{ templates: none, images: none },
  }
  for (const kind of diskKinds) {
    for (const part of parts) {
      const { count, bytes, exclusiveBytes } = part[kind] ?? none
      sum[kind] = {
        count: sum[kind].count + count,
        bytes: sum[kind].bytes + bytes,
        exclusiveBytes: sum[kind].exclusiveBytes + exclusiveBytes,
      }
    }
  }
  return sum
}
