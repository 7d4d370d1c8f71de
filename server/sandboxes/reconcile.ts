import type { Logger } from 'pino'
import type { Database } from '../database/client.js'
import type { Pairing } from '../installation/pairing.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { Orphans } from './orphans.js'
import type { SandboxService } from './service.js'

/** A creation may be under way for this long: its row is there, and the runtime does not know it yet. */
const creationMs = 60_000

/** What a row without a sandbox says. It is taken back when the sandbox is there again. */
const missing =
  'the node does not have this sandbox at present; an operator can tell whether it can be restored'

/**
 * Makes rows and sandboxes agree, after either side was killed. The database is the truth of what should be
 * there, the runtime of what is: a deleted sandbox is destroyed, one without a row is set aside (`Orphans`), a row
 * without a sandbox has failed until the sandbox is there again. Nothing is done while the two do not belong together.
 */
export async function reconcile(
  database: Database,
  runtime: RuntimeClient,
  sandboxes: SandboxService,
  pairing: Pairing,
  orphans: Orphans,
): Promise<void> {
  if ((await pairing.check()).state !== 'paired') return
  const before = new Date(Date.now() - creationMs)
  // Rows are read after the runtime: one that is new in between is no orphan.
  const all = (await runtime.list()).filter(({ id }) => !sandboxes.isUnderWay(id))
  const statuses = new Map(all.map((one) => [one.id, one]))
  const rows = await database.prisma.sandbox.findMany({
    where: { OR: [{ deletedAt: null }, { id: { in: [...statuses.keys()] } }] },
    select: { id: true, state: true, failure: true, deletedAt: true, createdAt: true },
  })
  const known = new Map(rows.map((row) => [row.id, row]))
  const without = all.filter(({ id }) => (known.get(id)?.deletedAt ?? null) !== null || !known.has(id))
  const deleted = new Set(rows.filter(({ deletedAt }) => deletedAt !== null).map(({ id }) => id))
  await orphans.clear(without, deleted, all.length)
  for (const row of rows) {
    const one = statuses.get(row.id)
    if (row.deletedAt !== null || (one === undefined && row.createdAt > before)) continue
    const now =
      one === undefined
        ? { state: 'failed', failure: row.failure ?? missing }
        : { state: one.state, failure: one.failure }
    if (now.state === row.state && now.failure === row.failure) continue
    await database.prisma.sandbox.updateMany({ where: { id: row.id, state: row.state }, data: now })
  }
}

/** Whoever asks again later than this gets a new sandbox. */
const idempotencyMs = 24 * 3_600_000

/** Deletes sandboxes whose time is over, and answers that nobody asks for again. */
export async function expire(
  database: Database,
  sandboxes: SandboxService,
  pairing: Pairing,
  log: Logger,
): Promise<void> {
  if (pairing.status.state !== 'paired') return
  const due = await database.prisma.sandbox.findMany({
    where: { deletedAt: null, expiresAt: { lt: new Date() } },
    select: { id: true, tenantId: true },
    take: 100,
  })
  await database.prisma.idempotency.deleteMany({
    where: { createdAt: { lt: new Date(Date.now() - idempotencyMs) } },
  })
  const expireOne = async ({ id, tenantId }: (typeof due)[number]) => {
    await sandboxes.expire(id)
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
