import { z } from 'zod'
import type { Grade } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import type { Grades } from '../grading/grades.js'
import type { ScoreRows, WantedScore } from './score-rows.js'

/** A link is looked at when a trigger says so, and every so often: what students are shown changes with time, too. */
const everySeconds = 600
const linksAtOnce = 20
const commentMax = 2000

const dueLink = z.object({
  id: z.string(),
  assignmentId: z.string(),
  tenantId: z.string(),
  issuer: z.string(),
})

/** Compares grades with what platforms were told of them. */
export class WantedScores {
  constructor(
    private readonly database: Database,
    private readonly grades: Grades,
    private readonly rows: ScoreRows,
  ) {}

  /** Of links whose grades may have changed. */
  async look(): Promise<void> {
    for (;;) {
      const { rows } = await this.database.pool.query(
        `UPDATE lti_link AS one SET "lookAt" = now() AT TIME ZONE 'UTC' + interval '${everySeconds} seconds'
         FROM lti_course AS course JOIN lti_platform AS platform ON platform.id = course."platformId"
         WHERE course.id = one."courseId" AND one.id IN (
           SELECT id FROM lti_link WHERE "lookAt" <= now() AT TIME ZONE 'UTC' ORDER BY "lookAt" LIMIT ${linksAtOnce} FOR UPDATE SKIP LOCKED)
         RETURNING one.id, one."assignmentId", platform."tenantId", platform.issuer, one."lineItemUrl", course."lineItemsUrl"`,
      )
      for (const row of rows) {
        if (row.lineItemUrl !== null || row.lineItemsUrl !== null) await this.#compare(dueLink.parse(row))
      }
      if (rows.length < linksAtOnce) return
    }
  }

  async #compare({ id, assignmentId, tenantId, issuer }: z.infer<typeof dueLink>): Promise<void> {
    const { prisma } = this.database
    const assignment = await prisma.assignment.findUnique({ where: { id: assignmentId } })
    if (assignment === null || !assignment.published) return
    // As students see them: what is hidden from them is told to no platform, which would show it.
    const grades = await this.grades.of([assignment], null, true)
    const accounts = await prisma.ltiAccount.findMany({
      where: {
        tenantId,
        issuer,
        standing: 'student',
        userId: { in: grades.map((one) => one.student.userId) },
      },
      select: { userId: true },
    })
    const known = new Set(accounts.map(({ userId }) => userId))
    await this.rows.want(
      id,
      grades.filter(({ student }) => known.has(student.userId)).flatMap((one) => wantedOf(one) ?? []),
    )
  }
}

/** @returns undefined: what was told stays, since nothing else is known or shown now */
function wantedOf({ state, points, maxPoints, given, student }: Grade): WantedScore | undefined {
  const { userId } = student
  // A platform computes with the most that there is.
  if (maxPoints <= 0) return undefined
  if (state === 'graded' && points !== null) {
    return { userId, points, maxPoints, comment: (given?.comment ?? '').slice(0, commentMax) }
  }
  return state === 'none' || state === 'failed' ? { userId, points: null, maxPoints, comment: '' } : undefined
}
