import type pg from 'pg'
import type { Limits, TimetableProblem } from '../../protocol/api/index.js'
import { quotaUsage } from '../sandboxes/admission.js'
import { graceMs, type Row } from './rows.js'

const now = `now() AT TIME ZONE 'UTC'`

/** Students who have no sandbox of the assignment yet. */
const students = `
  SELECT count(*)::INTEGER AS count FROM class_member AS one
  WHERE one."classId" = $1 AND one.role = 'student' AND NOT EXISTS (
    SELECT FROM assignment_work AS work JOIN sandbox ON sandbox.id = work."sandboxId" AND sandbox."deletedAt" IS NULL
    WHERE work."assignmentId" = $2 AND work."userId" = one."userId" AND work.ready)`
/** What waits for other lessons of the tenant. */
const others = `
  SELECT coalesce(sum(wanted), 0)::INTEGER AS count FROM timetable_lesson
  WHERE "tenantId" = $1 AND id <> $2 AND "preparedFor" + make_interval(secs => $3) > ${now}`
const quota = `SELECT quota, paused, held.* FROM tenant, held_by($1, '') AS held WHERE tenant.id = $1`

/**
 * For how many students of a lesson a sandbox is to wait: no more than the tenant could have besides what it has, and besides what
 * waits for its other lessons, of which one is counted at a time.
 */
export async function countWanted(
  client: pg.PoolClient,
  { id, tenantId, classId, assignmentId }: Row,
  limits: Limits,
): Promise<{ wanted: number; problem: TimetableProblem | null }> {
  await client.query('SELECT pg_advisory_xact_lock(hashtext($1))', [`timetables ${tenantId}`])
  const count = async (text: string, values: unknown[]) =>
    (await client.query<{ count: number }>(text, values)).rows[0]?.count ?? 0
  const asked = await count(students, [classId, assignmentId])
  const waiting = await count(others, [tenantId, id, graceMs / 1000])
  const most = roomIn(await client.query(quota, [tenantId]), limits) - waiting
  const wanted = Math.max(0, Math.min(asked, most))
  return { wanted, problem: wanted < asked ? 'quota' : null }
}

/** How many more sandboxes of this size a quota allows. A tenant that is paused gets none. */
function roomIn(answer: pg.QueryResult, limits: Limits): number {
  if (answer.rows[0]?.paused === true) return 0
  const { quota, held } = quotaUsage([answer])
  const each = { ...limits, sandboxes: 1 }
  const parts = ['sandboxes', 'cpus', 'memoryMiB', 'diskMiB', 'pids'] as const
  return Math.min(...parts.map((part) => Math.floor((quota[part] - held[part]) / each[part])))
}
