import { z } from 'zod'
import { nodeSnapshots } from '../../protocol/node/index.js'
import type { Database } from '../database/client.js'
import type { NodeOfPass } from '../nodes/node.js'
import { budgetOfPass } from '../nodes/pass.js'

/** Taking a snapshot takes less than this, or its server has died. */
const unfinishedMs = 600_000

/**
 * Makes rows and snapshots of one node agree, after either side was killed: what was being taken is finished or forgotten,
 * and a snapshot is deleted on the node only if its row is known to have been deleted, a few in one pass. Anything else stays (`nodes/orphan-disks.ts`).
 */
export async function reconcileSnapshots(database: Database, node: NodeOfPass): Promise<void> {
  if (node.pairing.status.state !== 'paired') return
  const { prisma } = database
  const before = new Date(Date.now() - unfinishedMs)
  const { snapshots } = await node.runtime.ask('GET', '/snapshots', nodeSnapshots)
  const there = new Map(snapshots.map((one) => [one.id, one]))
  for (const { id } of await prisma.snapshot.findMany({
    where: { nodeId: node.id, ready: false, createdAt: { lt: before } },
    select: { id: true },
  })) {
    const made = there.get(id)
    if (made === undefined) await prisma.snapshot.deleteMany({ where: { id, ready: false } })
    else {
      await prisma.snapshot.updateMany({ where: { id }, data: { ready: true, sizeBytes: made.sizeBytes } })
    }
  }
  if (there.size === 0) return
  const ids = [...there.keys()]
  const known = await prisma.snapshot.findMany({ where: { id: { in: ids } }, select: { id: true } })
  const deleted = await prisma.deletedSnapshot.findMany({ where: { id: { in: ids } } })
  const [rows, gone] = [new Set(known.map(({ id }) => id)), new Set(deleted.map(({ id }) => id))]
  let left = budgetOfPass(ids.length)
  for (const id of ids.filter((one) => !rows.has(one) && gone.has(one))) {
    if (left-- <= 0) break
    await node.runtime.ask('DELETE', `/snapshots/${id}`, z.unknown())
  }
}
