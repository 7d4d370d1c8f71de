import type pg from 'pg'
import { z } from 'zod'
import { type Run, type RunSummary, runState, stepStatus } from '../../protocol/api/index.js'
import { type RuntimeRunResult, runtimeRunResult } from '../../protocol/node/index.js'

/** A row of `run` as the driver gives it. */
export const runRow = z.object({
  id: z.string(),
  tenantId: z.string(),
  state: runState,
  status: stepStatus.nullable(),
  language: z.string().nullable(),
  template: z.string(),
  result: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
  attempt: z.number(),
  lease: z.number(),
  casesPassed: z.number().nullable(),
  casesTotal: z.number().nullable(),
  createdBy: z.string().nullable(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  finishedAt: z.date().nullable(),
  expiresAt: z.date().nullable(),
  nodeId: z.string().nullable(),
})
export type RunRow = z.infer<typeof runRow>

/** Result of a query as rows of the table. */
export const rowsOf = (result: pg.QueryResult): RunRow[] => z.array(runRow).parse(result.rows)

/** Every column of `runRow`, for statements. */
export const runColumns = Object.keys(runRow.shape)
  .map((name) => `"${name}"`)
  .join(', ')
/** The same without the result, which may be long. */
export const summaryColumns = Object.keys(runRow.shape)
  .map((name) => (name === 'result' ? 'NULL AS result' : `"${name}"`))
  .join(', ')

export function summarize(row: RunRow): RunSummary {
  const { id, state, status, language, template, attempt, createdBy, metadata } = row
  const { casesPassed, casesTotal } = row
  return {
    ...{ id, state, status, language, template, attempt, createdBy, metadata, casesPassed, casesTotal },
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
    queuedMs: row.startedAt === null ? null : Math.max(0, row.startedAt.getTime() - row.createdAt.getTime()),
  }
}

const nothingYet: Omit<RuntimeRunResult, 'status'> = { steps: [], cases: [], artifacts: [], message: null }

/** A run as people see it. */
export function present(row: RunRow): Run {
  const result = row.result === null ? nothingYet : runtimeRunResult.parse(JSON.parse(row.result))
  const { steps, cases, artifacts, message } = result
  const expiresAt = row.expiresAt?.toISOString() ?? null
  return { ...summarize(row), steps, cases, artifacts, message, expiresAt }
}
