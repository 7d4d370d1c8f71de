import type { Logger } from 'pino'
import { z } from 'zod'
import { type NodeVolume, nodeVolume, nodeVolumes } from '../../protocol/node/index.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { NodeOfPass } from '../nodes/node.js'
import { budgetOfPass } from '../nodes/pass.js'

/** Making a volume takes less than this, or its server has died. */
const unfinishedMs = 600_000

/**
 * Makes rows and volumes of one node agree, after either side was killed: what was being made is finished or forgotten, sizes are as
 * the rows say, and a volume is deleted on the node only if its row is known to have been deleted, a few in one pass.
 * Anything else stays (`nodes/orphan-disks.ts`).
 */
export async function reconcileVolumes(database: Database, node: NodeOfPass, log: Logger): Promise<void> {
  if (node.pairing.status.state !== 'paired') return
  const { prisma } = database
  const before = new Date(Date.now() - unfinishedMs)
  const { volumes } = await node.runtime.ask('GET', '/volumes', nodeVolumes)
  const there = new Map(volumes.map((one) => [one.id, one]))
  for (const { id } of await prisma.volume.findMany({
    where: { nodeId: node.id, ready: false, createdAt: { lt: before } },
    select: { id: true },
  })) {
    if (there.has(id)) await prisma.volume.updateMany({ where: { id }, data: { ready: true } })
    else await prisma.volume.deleteMany({ where: { id, ready: false } })
  }
  if (there.size === 0) return
  const ids = [...there.keys()]
  const rows = new Map(
    (await prisma.volume.findMany({ where: { id: { in: ids } } })).map((row) => [row.id, row]),
  )
  const deleted = await prisma.deletedVolume.findMany({ where: { id: { in: ids } } })
  const gone = new Set(deleted.map(({ id }) => id))
  let left = budgetOfPass(ids.length)
  for (const [id, { sizeMiB }] of there) {
    const row = rows.get(id)
    if (row === undefined && gone.has(id)) {
      if (left <= 0) continue
      // A sandbox that has it is deleted first, a pass or two later.
      if (await refusing(node.runtime.ask('DELETE', `/volumes/${id}`, z.unknown()))) left--
    } else if (row !== undefined && sizeMiB !== null && sizeMiB !== row.sizeMiB) {
      await repairSize(database, node, { id, sizeMiB }, log)
    }
  }
}

/** Under the lock of its row: whoever changes it tells the node before the row is free again. */
async function repairSize(
  database: Database,
  node: NodeOfPass,
  { id, sizeMiB }: Pick<NodeVolume, 'id' | 'sizeMiB'>,
  log: Logger,
): Promise<void> {
  await inTransaction(database.pool, async (client) => {
    const { rows } = await client.query<{ sizeMiB: number }>(
      'SELECT "sizeMiB" FROM volume WHERE id = $1 FOR UPDATE',
      [id],
    )
    const [now] = rows
    if (now === undefined) return
    const resized = node.runtime.ask('PATCH', `/volumes/${id}`, nodeVolume, {}, { sizeMiB: now.sizeMiB })
    if (await refusing(resized)) return
    log.error(
      { id, node: node.id },
      'a volume holds more than its size was reduced to; it keeps the old size',
    )
    await client.query('UPDATE volume SET "sizeMiB" = $2 WHERE id = $1', [id, sizeMiB])
  })
}

/** @returns whether it was not refused */
async function refusing(call: Promise<unknown>): Promise<boolean> {
  try {
    await call
    return true
  } catch (error) {
    if (error instanceof ApiError && ['conflict', 'quota_exceeded'].includes(error.code)) return false
    throw error
  }
}
