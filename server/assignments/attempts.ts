import type pg from 'pg'
import type { Principal } from '../auth/principal.js'
import { wholeSight } from '../auth/sight.js'
import { inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'

const now = `now() AT TIME ZONE 'UTC'`

/** The end of a student in an exam: of `task` (the assignment) and `more` (their extension). */
export const ownEnd = `greatest(task."dueAt", more."dueAt")`
/** What `ownEnd` is read of, of `attempt`. */
export const joinEnd = `
  JOIN assignment AS task ON task.id = attempt."assignmentId"
  LEFT JOIN class_member AS place
    ON place."classId" = task."classId" AND place."userId" = attempt."userId" AND place.role = 'student'
  LEFT JOIN assignment_extension AS more ON more."assignmentId" = task.id AND more."studentId" = place.id`

/** Writes down that a student starts an exam, before anything is made for it. Again, it is the same attempt. */
export async function beginAttempt(
  pool: pg.Pool,
  { tenantId, userId }: Principal,
  assignmentId: string,
): Promise<void> {
  await inTransaction(pool, async (client) => {
    const { rowCount } = await client.query(
      `INSERT INTO exam_attempt ("assignmentId", "userId", "tenantId", "startedAt") VALUES ($1, $2, $3, ${now})
       ON CONFLICT DO NOTHING`,
      [assignmentId, userId, tenantId],
    )
    if (rowCount === 1)
      await addEvent(client, { tenantId, assignmentId, userId: userId ?? '', type: 'start' })
  })
}

/** Those whose end is later by now than the one that their work was handed in at: they go on, and it is handed in again. */
export async function reopenAttempts(client: pg.PoolClient | pg.Pool, assignmentId: string): Promise<void> {
  await client.query(
    `UPDATE exam_attempt AS one SET state = 'open', outcome = NULL, message = NULL, "submissionId" = NULL, tries = 0,
       lease = one.lease + 1, "leaseUntil" = NULL
     FROM (SELECT attempt."userId", ${ownEnd} AS ends FROM exam_attempt AS attempt ${joinEnd}
       WHERE attempt."assignmentId" = $1 AND attempt.state <> 'open') AS found
     WHERE one."assignmentId" = $1 AND one."userId" = found."userId" AND one."collectedFor" < found.ends`,
    [assignmentId],
  )
}

/** Of an exam: rows are added, and never changed. */
export interface NewEvent {
  readonly tenantId: string
  readonly assignmentId: string
  readonly userId: string
  readonly type: string
  readonly toldBy?: 'server' | 'browser'
  readonly detail?: Readonly<Record<string, unknown>>
}

export async function addEvent(client: pg.PoolClient | pg.Pool, event: NewEvent): Promise<void> {
  const { tenantId, assignmentId, userId, type, toldBy = 'server', detail = {} } = event
  await client.query(
    `INSERT INTO exam_event ("tenantId", "assignmentId", "userId", at, type, "toldBy", detail)
     VALUES ($1, $2, $3, clock_timestamp() AT TIME ZONE 'UTC', $4, $5, $6)`,
    [tenantId, assignmentId, userId, type, toldBy, JSON.stringify(detail)],
  )
}

export const begunBeforeExam = () =>
  new ApiError(
    'conflict',
    'exam: students have begun this assignment, and what they have is not from the exam; duplicate it, and make the copy an exam',
  )

/** Whose doing it is what the server does in an exam: that of the tenant's exam. */
export function examPrincipal(tenantId: string, title: string): Principal {
  return {
    ...{ kind: 'key', userId: null, sessionId: null, keyId: null, tenantId, role: 'member', operator: false },
    ...{ keyLimits: null, actor: `exam ${title}` },
    ...{ readsAdministration: false, auditsCommands: false, idle: null },
    ...{ sight: wholeSight(), unattended: true },
  }
}
