import { z } from 'zod'
import {
  leftOut,
  type Submission,
  type SubmissionPage,
  type SubmissionWithMissing,
} from '../../protocol/api/index.js'
import { findAssignment } from '../assignments/access.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'
import { findSubmission } from './access.js'
import { present, standingOf, submissionRow } from './rows.js'

/** What was handed in, as students see their own and the staff of a class all of it. */
export class SubmissionLists {
  constructor(private readonly database: Database) {}

  /** For an assignment, newest first. Students find their own. @throws ApiError `not_found` for a student of another class */
  async list(
    who: Principal,
    id: string,
    { limit, cursor, student, user, counting }: SubmissionPage,
  ): Promise<{ items: Submission[]; nextCursor: string | null }> {
    const { row, role } = await findAssignment(this.database, who, 'class.read', id)
    let userId = role === 'student' ? (who.userId ?? '') : (user ?? null)
    if (student !== undefined && role !== 'student') {
      const place = await this.database.prisma.classMember.findFirst({
        where: { id: student, classId: row.id, role: 'student' },
      })
      if (place === null) throw notFound('student')
      userId = place.userId ?? ''
    }
    const { rows } = await this.database.pool.query(
      `SELECT * FROM (${standingOf(`one."assignmentId" = $1 AND ($2::TEXT IS NULL OR one."userId" = $2)`)}) AS standing
       WHERE (NOT $3 OR counts)
         AND ($4::TEXT IS NULL OR (at, id) < (SELECT at, id FROM submission WHERE id = $4 AND "assignmentId" = $1))
       ORDER BY at DESC, id DESC LIMIT $5`,
      [id, userId, counting === 'true', cursor ?? null, limit + 1],
    )
    const items = rows.slice(0, limit).map((one) => present(submissionRow.parse(one)))
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  async get(who: Principal, id: string): Promise<SubmissionWithMissing> {
    const row = await findSubmission(this.database, who, id)
    const kept = await this.database.prisma.submission.findUnique({
      where: { id },
      select: { leftOut: true, leftOutCount: true },
    })
    return {
      ...present(row),
      leftOut: z.array(leftOut).parse(kept?.leftOut ?? []),
      leftOutCount: kept?.leftOutCount ?? 0,
    }
  }
}
