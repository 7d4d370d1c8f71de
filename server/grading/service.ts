import type { z } from 'zod'
import type { Grading, gradeAll } from '../../protocol/api/index.js'
import { findAssignment } from '../assignments/access.js'
import { storedGrading, storedTests } from '../assignments/rows.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { tell } from '../database/notices.js'
import { ApiError } from '../errors.js'
import { findSubmission } from '../submissions/access.js'
import { newGradingId } from '../submissions/grading-id.js'
import { type SubmissionRow, standingOf } from '../submissions/rows.js'
import { gradingColumns, gradingRow, present, type Sight } from './rows.js'

const shownMax = 100
const now = `now() AT TIME ZONE 'UTC'`

/** Asks for gradings, shows them, and cancels them. */
export class GradingService {
  constructor(private readonly database: Database) {}

  /** Grades once more; what came of it before is kept. One that waits or runs already is that. @throws ApiError `conflict` without tests */
  async grade(who: Principal, submissionId: string): Promise<Grading> {
    assertMay(who, 'class.look')
    const row = await this.#find(who, submissionId)
    await this.#assertTests(row.assignmentId)
    await this.#insert('SELECT id FROM submission WHERE id = $1', [submissionId], who.actor)
    await audit(this.database.prisma, who, 'submission.grade', submissionId, {
      ...{ title: row.title, of: row.studentName, number: row.number },
    })
    const [newest] = await this.#list(submissionId, 'all')
    if (newest === undefined) throw new ApiError('not_found', 'submission not found')
    return newest
  }

  /** @returns how many wait now */
  async gradeAll(who: Principal, id: string, { which }: z.infer<typeof gradeAll>): Promise<number> {
    const { assignment } = await findAssignment(this.database, who, 'class.look', id)
    await this.#assertTests(id)
    const chosen =
      which === 'all'
        ? 'SELECT id FROM submission WHERE "assignmentId" = $1'
        : `SELECT id FROM (${standingOf('one."assignmentId" = $1')}) AS standing WHERE counts ${
            which === 'counting'
              ? ''
              : `AND NOT EXISTS (SELECT FROM grading WHERE "submissionId" = standing.id AND state = 'finished')`
          }`
    const count = await this.#insert(chosen, [id], who.actor)
    await audit(this.database.prisma, who, 'assignment.grade', id, { title: assignment.title, count })
    return count
  }

  /** Of all submissions for an assignment that wait or run. */
  async cancelAll(who: Principal, id: string): Promise<number> {
    const { assignment } = await findAssignment(this.database, who, 'class.look', id)
    const count = await this.#cancel('SELECT id FROM submission WHERE "assignmentId" = $1', id)
    await audit(this.database.prisma, who, 'assignment.grade_cancel', id, { title: assignment.title, count })
    return count
  }

  /** All that came of a submission, newest first. A student is shown what the assignment says. */
  async list(who: Principal, submissionId: string): Promise<Grading[]> {
    const row = await findSubmission(this.database, who, submissionId)
    return this.#list(submissionId, await this.sightOf(who, row))
  }

  /** What somebody is shown of results. */
  async sightOf(
    who: Principal,
    { assignmentId, due }: Pick<SubmissionRow, 'assignmentId' | 'due'>,
  ): Promise<Sight> {
    if (who.role !== 'student') return 'all'
    const found = await this.database.prisma.assignment.findUnique({
      where: { id: assignmentId },
      select: { grading: true },
    })
    const { feedback } = storedGrading.parse(found?.grading ?? {})
    if (feedback === 'always') return 'student'
    return feedback === 'after_due' && due !== null && new Date() > due ? 'student' : 'nothing'
  }

  async #list(submissionId: string, sight: Sight): Promise<Grading[]> {
    const { rows } = await this.database.pool.query(
      `SELECT ${gradingColumns} FROM grading WHERE "submissionId" = $1 ORDER BY "createdAt" DESC, id DESC LIMIT ${shownMax}`,
      [submissionId],
    )
    return rows.map((row) => present(gradingRow.parse(row), sight))
  }

  async #find(who: Principal, id: string): Promise<SubmissionRow> {
    const row = await findSubmission(this.database, who, id)
    await seatIn(this.database, who, 'class.look', row.classId)
    return row
  }

  async #assertTests(assignmentId: string): Promise<void> {
    const found = await this.database.prisma.assignment.findUnique({ where: { id: assignmentId } })
    if (storedTests.parse(found?.tests ?? []).length > 0) return
    throw new ApiError('conflict', 'this assignment has no tests; add some, or give points yourself')
  }

  /** @param chosen a query of ids of submissions, with `$1` */
  async #insert(chosen: string, values: readonly unknown[], actor: string): Promise<number> {
    const { rowCount } = await this.database.pool.query(
      `INSERT INTO grading (id, "tenantId", "submissionId", state, "createdBy", "createdAt")
       SELECT ${newGradingId}, submission."tenantId", chosen.id, 'queued', $2, ${now}
       FROM (${chosen}) AS chosen JOIN submission ON submission.id = chosen.id
       ON CONFLICT DO NOTHING`,
      [...values, actor],
    )
    if (rowCount !== 0) await tell(this.database.relaxed, { type: 'gradings' }).catch(() => {}) // they are looked for
    return rowCount ?? 0
  }

  async #cancel(chosen: string, id: string): Promise<number> {
    const { rowCount } = await this.database.pool.query(
      `UPDATE grading SET state = 'canceled', "leasedBy" = NULL, "leaseUntil" = NULL, "finishedAt" = ${now}
       WHERE state IN ('queued', 'running') AND "submissionId" IN (${chosen})`,
      [id],
    )
    return rowCount ?? 0
  }
}
