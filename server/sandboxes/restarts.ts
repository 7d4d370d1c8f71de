import type { Logger } from 'pino'
import type { Database } from '../database/client.js'
import type { ServerNode } from '../nodes/node.js'
import type { Row } from './ownership.js'
import type { SandboxService } from './service.js'

/** Sandboxes that are started at the same time, after a host was restarted. */
const atOnce = 8

/** What has run for so long was not started in vain. */
const settledSeconds = 60
/** The pause before a try, and what it doubles to at most. */
const [firstPauseSeconds, lastPauseSeconds] = [5, 300]

/**
 * Takes those whose time has come, and writes down when the next try would be before this one is made: a server that
 * dies in the middle leaves it to the next round.
 */
const take = `
  UPDATE sandbox SET restarts = restarts + 1,
    "restartAt" = now() AT TIME ZONE 'UTC' + make_interval(secs => least(${firstPauseSeconds} * 2 ^ least(restarts, 10), ${lastPauseSeconds}))
  FROM (
    SELECT id AS due FROM sandbox
    WHERE restart = 'unless-stopped' AND NOT "stopWanted" AND state = 'stopped' AND asleep IS NULL AND "deletedAt" IS NULL
      AND "nodeId" = $1 AND ("restartAt" IS NULL OR "restartAt" < now() AT TIME ZONE 'UTC')
    LIMIT 100
  ) AS found
  WHERE id = due RETURNING id, "tenantId", restarts`

/** Forgets the tries of those that run since a while. */
const settle = `
  UPDATE sandbox SET restarts = 0, "restartAt" = NULL
  WHERE restarts > 0 AND state = 'running' AND "nodeId" = $1
    AND "startedAt" < now() AT TIME ZONE 'UTC' - make_interval(secs => ${settledSeconds})`

/** Somebody may have stopped or deleted it, or started it, since it was taken. */
const isDown = ({ state, stopWanted, asleep, restart }: Row) =>
  state === 'stopped' && !stopWanted && asleep === null && restart === 'unless-stopped'

/** Starts the sandboxes of a node again that have ended without anybody wanting it, and are to run. */
export async function restartSandboxes(
  database: Database,
  node: ServerNode,
  sandboxes: SandboxService,
  log: Logger,
): Promise<void> {
  await database.pool.query(settle, [node.id])
  const { rows } = await database.pool.query<{ id: string; tenantId: string; restarts: number }>(take, [
    node.id,
  ])
  const restart = async ({ id, tenantId, restarts }: (typeof rows)[number]) => {
    try {
      await sandboxes.startAgain(id, isDown)
    } catch (error) {
      log.warn({ err: error, id, restarts }, 'a sandbox that has ended could not be started again yet')
      return
    }
    await database.prisma.auditEvent.create({
      data: { tenantId, actor: 'cloche', action: 'sandbox.restart', target: id, detail: {} },
    })
  }
  const waiting = rows.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const one of waiting) await restart(one)
    }),
  )
}
