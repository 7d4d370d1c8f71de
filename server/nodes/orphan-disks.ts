import type { Logger } from 'pino'
import type { OrphanDisk } from '../../protocol/api/index.js'
import { nodeOrphanDisks, nodeSnapshots, nodeVolumes } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { NodeOfPass } from './node.js'

/** One on a node, and what the database has of it. */
export interface FoundDisk extends OrphanDisk {
  /** Null when the database does not know it. */
  readonly name: string | null
  readonly isDeleted: boolean
}

/**
 * Volumes and snapshots of a node that nobody can use: the database does not know them, or the node cannot read their records.
 * What the database knows to be deleted and the node can read is none: it is deleted soon.
 */
export async function orphanDisksOf(database: Database, runtime: RuntimeClient): Promise<FoundDisk[]> {
  const [unreadable, volumes, snapshots] = await Promise.all([
    runtime.ask('GET', '/orphan-disks', nodeOrphanDisks),
    runtime.ask('GET', '/volumes', nodeVolumes),
    runtime.ask('GET', '/snapshots', nodeSnapshots),
  ])
  const readable: OrphanDisk[] = [
    ...volumes.volumes.map(({ id, tenantId, usedBytes }) => ({
      ...{ ...unknown, id, tenantId, diskBytes: usedBytes, template: null, createdAt: null },
      kind: id.startsWith('vs_') ? ('volume_snapshot' as const) : ('volume' as const),
    })),
    ...snapshots.snapshots.map(({ id, tenantId, template, createdAt, sizeBytes }) => ({
      ...{ ...unknown, id, tenantId, template, createdAt, diskBytes: sizeBytes, kind: 'snapshot' as const },
    })),
  ]
  const ids = [...unreadable.disks, ...readable].map(({ id }) => id)
  if (ids.length === 0) return []
  const { names, deleted } = await knownTo(database, ids)
  const named = (one: OrphanDisk): FoundDisk => ({
    ...{ ...one, name: names.get(one.id) ?? null, isDeleted: deleted.has(one.id) },
  })
  return [
    ...unreadable.disks.map(named),
    ...readable.filter(({ id }) => !names.has(id) && !deleted.has(id)).map(named),
  ]
}

const unknown = {
  cause: 'unknown_to_database' as const,
  reason: 'the database does not know it',
}

async function knownTo({ prisma }: Database, all: readonly string[]) {
  const where = { id: { in: [...all] } }
  const select = { id: true, name: true }
  const [volumes, snapshots, ...gone] = await Promise.all([
    prisma.volume.findMany({ where, select }),
    prisma.snapshot.findMany({ where, select }),
    prisma.deletedVolume.findMany({ where }),
    prisma.deletedSnapshot.findMany({ where }),
  ])
  return {
    names: new Map([...volumes, ...snapshots].map(({ id, name }) => [id, name])),
    deleted: new Set(gone.flat().map(({ id }) => id)),
  }
}

/** Writes down since when there is each of them, and tells of new ones. Nothing is done to any. */
export async function noteOrphanDisks(database: Database, node: NodeOfPass, log: Logger): Promise<void> {
  if (node.pairing.status.state !== 'paired') return
  const found = await orphanDisksOf(database, node.runtime)
  const { rows } = await database.pool.query<{ id: string }>(
    `WITH gone AS (DELETE FROM orphan_disk WHERE "nodeId" = $1 AND id <> ALL ($2))
     INSERT INTO orphan_disk ("nodeId", id) SELECT $1, unnest($2::TEXT[]) ON CONFLICT DO NOTHING RETURNING id`,
    [node.id, found.map(({ id }) => id)],
  )
  for (const { id } of rows) {
    const { reason } = found.find((one) => one.id === id) ?? unknown
    log.error(
      { id, reason, node: node.id },
      'a volume or snapshot waits for an operator, and stays meanwhile',
    )
  }
}
