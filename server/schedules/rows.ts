import type { Schedule as Row } from '../../prisma/generated/client.js'
import { rebuildSource, type Schedule, scheduleAction, scheduleRun } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'

/** A schedule as people see it. */
export function present(row: Row): Schedule {
  const { id, name, sandboxId, template, cron, timeZone, keep, enabled, createdBy } = row
  return {
    ...{ id, name, sandbox: sandboxId, template, cron, timeZone, keep, enabled, createdBy },
    action: scheduleAction.parse(row.action),
    from: row.source === null ? null : rebuildSource.parse(row.source),
    nextAt: enabled ? (row.nextAt?.toISOString() ?? null) : null,
    last:
      row.lastAt === null
        ? null
        : {
            at: row.lastAt.toISOString(),
            outcome: scheduleRun.shape.outcome.parse(row.lastOutcome),
            message: row.lastMessage,
            build: row.buildId,
          },
    createdAt: row.createdAt.toISOString(),
  }
}

export const isTaken = (name: string, id?: string) =>
  new ApiError('conflict', `a schedule is called ${name} already`, undefined, id)
