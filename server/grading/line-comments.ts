import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import {
  type CreateLineComment,
  type LineComment,
  lineCommentBounds,
  newId,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { isAdmin, personIn, seatIn } from '../classes/access.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, forbidden, notFound } from '../errors.js'
import { findSubmission } from '../submissions/access.js'
import type { SubmissionContents } from '../submissions/contents.js'
import type { SubmissionRow } from '../submissions/rows.js'
import type { GradingService } from './service.js'

const commentRow = z.object({
  ...{ id: z.string(), submissionId: z.string(), path: z.string(), line: z.number(), text: z.string() },
  ...{ by: z.string(), userId: z.string().nullable(), at: z.date(), changedAt: z.date().nullable() },
})
type CommentRow = z.infer<typeof commentRow>

const columns = 'id, "submissionId", path, line, text, by, "userId", at, "changedAt"'

/** What the staff of a class say about lines of submissions. Students read it when they are shown their results. */
export class LineComments {
  constructor(
    private readonly database: Database,
    private readonly gradings: GradingService,
    private readonly contents: SubmissionContents,
  ) {}

  /** By path and line; none for a student to whom the assignment shows nothing yet. */
  async list(who: Principal, submissionId: string): Promise<LineComment[]> {
    const row = await findSubmission(this.database, who, submissionId)
    if ((await this.gradings.sightOf(who, row)) === 'nothing') return []
    const { rows } = await this.database.pool.query(
      `SELECT ${columns} FROM submission_comment WHERE "submissionId" = $1 ORDER BY path, line, at, id`,
      [submissionId],
    )
    return rows.map((one) => present(commentRow.parse(one), who))
  }

  /** @throws ApiError `file_not_found`; `invalid_request` where the line is not there; `quota_exceeded` */
  async create(who: Principal, submissionId: string, wanted: CreateLineComment): Promise<LineComment> {
    const of = await this.#find(who, submissionId)
    await this.#assertLine(who, submissionId, wanted)
    const { path, line, text } = wanted
    const { rows } = await inTransaction(this.database.pool, async (client) => {
      // Two at once count each other.
      await client.query('SELECT FROM submission WHERE id = $1 FOR NO KEY UPDATE', [submissionId])
      return client.query(
        `INSERT INTO submission_comment (id, "tenantId", "submissionId", path, line, text, by, "userId", at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() AT TIME ZONE 'UTC'
         WHERE (SELECT count(*) FROM submission_comment WHERE "submissionId" = $3) < ${lineCommentBounds.ofSubmission}
         RETURNING ${columns}`,
        [newId('lc'), who.tenantId, submissionId, path, line, text, who.actor, personIn(who)],
      )
    })
    if (rows[0] === undefined) {
      throw new ApiError(
        'quota_exceeded',
        `a submission has ${lineCommentBounds.ofSubmission} comments at most; delete some, or say it in the comment of the grade`,
      )
    }
    await this.#audit(who, 'submission.comment', of, wanted)
    return present(commentRow.parse(rows[0]), who)
  }

  /** @throws ApiError `forbidden` for what somebody else wrote, unless the caller is an owner or admin */
  async change(who: Principal, submissionId: string, id: string, text: string): Promise<LineComment> {
    const { of, comment } = await this.#findOwn(who, submissionId, id)
    const { rows } = await this.database.pool.query(
      `UPDATE submission_comment SET text = $2, "changedAt" = now() AT TIME ZONE 'UTC' WHERE id = $1 RETURNING ${columns}`,
      [id, text],
    )
    if (rows[0] === undefined) throw notFound('comment')
    await this.#audit(who, 'submission.comment_change', of, comment)
    return present(commentRow.parse(rows[0]), who)
  }

  /** @throws ApiError as `change` */
  async remove(who: Principal, submissionId: string, id: string): Promise<void> {
    const { of, comment } = await this.#findOwn(who, submissionId, id)
    await this.database.pool.query('DELETE FROM submission_comment WHERE id = $1', [id])
    await this.#audit(who, 'submission.comment_delete', of, comment)
  }

  async #find(who: Principal, submissionId: string): Promise<SubmissionRow> {
    assertMay(who, 'class.look')
    const row = await findSubmission(this.database, who, submissionId)
    await seatIn(this.database, who, 'class.look', row.classId)
    return row
  }

  async #findOwn(who: Principal, submissionId: string, id: string) {
    const of = await this.#find(who, submissionId)
    const { rows } = await this.database.pool.query(
      `SELECT ${columns} FROM submission_comment WHERE id = $1 AND "submissionId" = $2`,
      [id, submissionId],
    )
    if (rows[0] === undefined) throw notFound('comment')
    const comment = commentRow.parse(rows[0])
    if (!mayChange(comment, who)) {
      throw forbidden('only who wrote this comment, and owners and admins of the tenant, can change it')
    }
    return { of, comment }
  }

  async #assertLine(who: Principal, submissionId: string, { path, line }: CreateLineComment): Promise<void> {
    const content = await this.contents.read(who, submissionId, path)
    if (!isUtf8(content) || content.includes(0)) {
      throw new ApiError('invalid_request', `path: ${path} is no text, and has no lines`)
    }
    const lines = linesIn(content)
    if (line > lines) throw new ApiError('invalid_request', `line: ${path} has ${lines} lines`)
  }

  #audit(who: Principal, action: string, of: SubmissionRow, { path, line }: { path: string; line: number }) {
    return audit(this.database.prisma, who, action, of.id, {
      ...{ title: of.title, of: of.studentName, number: of.number, path, line },
    })
  }
}

/** As editors count: what is after the last line feed is a line too, also when it is empty. */
function linesIn(content: Buffer): number {
  let lines = 1
  for (let at = content.indexOf(10); at >= 0; at = content.indexOf(10, at + 1)) lines++
  return lines
}

function mayChange({ userId }: CommentRow, who: Principal): boolean {
  return who.role !== 'student' && (isAdmin(who) || (userId !== null && userId === personIn(who)))
}

function present(row: CommentRow, who: Principal): LineComment {
  const { id, submissionId, path, line, text, by, at, changedAt } = row
  return {
    ...{ id, submission: submissionId, path, line, text },
    by: who.role === 'student' ? null : by,
    mayChange: mayChange(row, who),
    ...{ at: at.toISOString(), changedAt: changedAt?.toISOString() ?? null },
  }
}
