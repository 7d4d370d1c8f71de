import type { Logger } from 'pino'
import type { Database } from '../database/client.js'
import type { ServerNode } from '../nodes/node.js'
import type { SandboxService } from './service.js'

/** A creation may be under way for this long: its row is there, and the runtime does not know it yet. */
const creationMs = 60_000

/** What a row without a sandbox on its node says. It is taken back when the sandbox is there again. */
const missing =
  'the node does not have this sandbox at present; an operator can tell whether it can be restored'

/**
 * Makes rows and sandboxes of one node agree, after either side was killed. The database is the truth of what should be
 * there, the node of what is: a deleted sandbox is destroyed, one without a row is set aside (`Orphans`), a row
 * without a sandbox has failed until the sandbox is there again. Nothing is done while the two do not belong together.
 *
 * @param hold whether this server has the chore; every server looks, and one acts
 */
export async function reconcile(
  database: Database,
  node: ServerNode,
  hold: () => Promise<boolean>,
): Promise<void> {
  if ((await node.pairing.check()).state !== 'paired') return
  const mine = await hold()
  const before = new Date(Date.now() - creationMs)
  // Rows are read after the node: one that is new in between is no orphan.
  const all = await node.runtime.list()
  const statuses = new Map(all.map((one) => [one.id, one]))
  const rows = await database.prisma.sandbox.findMany({
    where: { OR: [{ deletedAt: null, nodeId: node.id }, { id: { in: [...statuses.keys()] } }] },
    select: { id: true, nodeId: true, state: true, failure: true, deletedAt: true, createdAt: true },
  })
  const known = new Map(rows.map((row) => [row.id, row]))
  // One whose row names another node is as one without a row: it is not what the row is about.
  const isHere = ({ deletedAt, nodeId }: (typeof rows)[number]) => deletedAt === null && nodeId === node.id
  const without = all.filter(({ id }) => {
    const row = known.get(id)
    return row === undefined || !isHere(row)
  })
  const deleted = new Set(rows.filter(({ deletedAt }) => deletedAt !== null).map(({ id }) => id))
  const elsewhere = new Set(
    rows.filter((row) => row.deletedAt === null && row.nodeId !== node.id).map(({ id }) => id),
  )
  await node.orphans.clear(without, { deleted, elsewhere }, all.length, mine)
  if (!mine) return
  const here = new Set(rows.filter(isHere).map(({ id }) => id))
  const confirmed = all.filter(({ id, unconfirmedMs }) => unconfirmedMs !== null && here.has(id))
  if (confirmed.length > 0) await node.runtime.confirm(confirmed.map(({ id }) => id))
  for (const row of rows) {
    const one = statuses.get(row.id)
    if (!isHere(row) || (one === undefined && row.createdAt > before)) continue
    const now =
      one === undefined
        ? { state: 'failed', failure: row.failure ?? missing }
        : { state: one.state, failure: one.failure }
    if (now.state === row.state && now.failure === row.failure) continue
    await database.prisma.sandbox.updateMany({ where: { id: row.id, state: row.state }, data: now })
  }
}

/** Deletes sandboxes of a node whose time is over. One that is unreachable keeps them until it is back. */
export async function expire(
  database: Database,
  node: ServerNode,
  sandboxes: SandboxService,
  log: Logger,
): Promise<void> {
  if (node.pairing.status.state !== 'paired' || node.state === 'unreachable') return
  const { rows: due } = await database.pool.query<{ id: string; tenantId: string }>(
    `SELECT id, "tenantId" FROM sandbox
     WHERE "deletedAt" IS NULL AND "expiresAt" < now() AT TIME ZONE 'UTC' AND "nodeId" = $1 LIMIT 100`,
    [node.id],
  )
  const expireOne = async ({ id, tenantId }: (typeof due)[number]) => {
    if (!(await sandboxes.expire(id))) return
    await database.prisma.auditEvent.create({
      data: { tenantId, actor: 'cloche', action: 'sandbox.expire', target: id, detail: {} },
    })
    log.info({ id }, 'a sandbox has reached its end and was deleted')
  }
  // Together: each may take its time to end.
  const ends = await Promise.allSettled(due.map(expireOne))
  for (const [at, end] of ends.entries()) {
    if (end.status === 'rejected')
      log.warn({ err: end.reason, id: due[at]?.id }, 'a sandbox has expired and stays')
  }
}
