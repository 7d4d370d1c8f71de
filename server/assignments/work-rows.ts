import { z } from 'zod'
import type { AssignmentStep, AssignmentWork } from '../../protocol/api/index.js'

/** What is kept of steps, by their ids. */
export const storedProgress = z.record(z.string(), z.object({ passed: z.boolean(), at: z.string() }))
export type Progress = z.infer<typeof storedProgress>

/** What is read of the work of a student. Nulls where there is none. */
export const workRow = z.object({
  ...{ sandboxId: z.string().nullable(), ready: z.boolean().nullable(), starting: z.boolean().nullable() },
  ...{ startedAt: z.date().nullable(), checkedAt: z.date().nullable() },
  progress: storedProgress.nullable(),
})
export type WorkRow = z.infer<typeof workRow>

/** Its columns, of `work` and of the `sandbox` of that which is not deleted. */
export const workColumns = `sandbox.id AS "sandboxId", work.ready, work."startedAt", work."checkedAt", work.steps AS progress,
  work."startUntil" > now() AT TIME ZONE 'UTC' AS starting`
/** The sandbox of some work, unless it was deleted. */
export const joinSandbox = `LEFT JOIN sandbox ON sandbox.id = work."sandboxId" AND work.ready AND sandbox."deletedAt" IS NULL`

export function presentWork(
  row: WorkRow,
  steps: readonly Pick<AssignmentStep, 'id' | 'check'>[],
): AssignmentWork {
  const shown = steps.map(({ id }) => {
    const known = row.progress?.[id]
    return { id, passed: known?.passed ?? null, at: known?.at ?? null }
  })
  return {
    state: row.startedAt !== null ? 'started' : row.starting === true ? 'starting' : 'not_started',
    sandbox: row.sandboxId,
    progress: shown,
    passed: shown.filter(({ passed }) => passed === true).length,
    checks: steps.filter(({ check }) => check !== undefined).length,
    startedAt: row.startedAt?.toISOString() ?? null,
    checkedAt: row.checkedAt?.toISOString() ?? null,
  }
}
