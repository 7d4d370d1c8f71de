import { assertExamsAdmit } from '../auth/exams.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { type SubmissionRow, standingOf, submissionRow } from './rows.js'

/**
 * The submission that a call names: a student's own, also when they have left the class, and for the staff of its class.
 * @throws ApiError `not_found`, the same for what is not there and for what is somebody else's
 */
export async function findSubmission(database: Database, who: Principal, id: string): Promise<SubmissionRow> {
  assertMay(who, 'class.read')
  const { rows } = await database.pool.query(
    `SELECT * FROM (${standingOf(`one."assignmentId" = (SELECT "assignmentId" FROM submission WHERE id = $1)
       AND one."userId" = (SELECT "userId" FROM submission WHERE id = $1) AND one."tenantId" = $2`)}) AS all_of
     WHERE id = $1`,
    [id, who.tenantId],
  )
  if (rows[0] === undefined) throw notFound('submission')
  const row = submissionRow.parse(rows[0])
  if (who.role === 'student') {
    if (row.userId !== who.userId) throw notFound('submission')
    assertExamsAdmit(who, row.assignmentId)
    return row
  }
  await seatIn(database, who, 'class.look', row.classId).catch((error: unknown) => {
    throw error instanceof ApiError && error.code === 'not_found' ? notFound('submission') : error
  })
  return row
}
