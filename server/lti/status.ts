import { z } from 'zod'
import { type LtiCourse, ltiScoreState } from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'
import { notConnected } from './roster.js'
import type { ScoreRows } from './score-rows.js'

const failuresMax = 50

const linkRow = z.object({
  ...{ assignment: z.string(), title: z.string(), graded: z.boolean() },
  ...{ due: z.number(), sent: z.number(), failed: z.number() },
})
const failureRow = z.object({
  ...{ student: z.string(), title: z.string(), state: ltiScoreState, tries: z.number(), message: z.string() },
})

/** What the staff of a class see of the course that it is bound to. */
export class CourseStatus {
  constructor(
    private readonly database: Database,
    private readonly scores: ScoreRows,
  ) {}

  async get(who: Principal, classId: string): Promise<LtiCourse | null> {
    const { row } = await seatIn(this.database, who, 'class.look', classId)
    const { prisma, pool } = this.database
    const course = await prisma.ltiCourse.findUnique({
      where: { classId: row.id },
      include: { platform: true },
    })
    if (course === null) return null
    const links = await pool.query(
      `SELECT assignment.id AS assignment, assignment.title, link."lineItemUrl" IS NOT NULL OR $2 AS graded,
         count(*) FILTER (WHERE one.state = 'due')::INTEGER AS due, count(*) FILTER (WHERE one.state = 'sent')::INTEGER AS sent,
         count(*) FILTER (WHERE one.state = 'failed')::INTEGER AS failed
       FROM lti_link AS link JOIN assignment ON assignment.id = link."assignmentId" LEFT JOIN lti_score AS one ON one."linkId" = link.id
       WHERE link."courseId" = $1 GROUP BY link.id, assignment.id ORDER BY assignment.position, assignment.id, link.id`,
      [course.id, course.lineItemsUrl !== null],
    )
    const failures = await pool.query(
      `SELECT coalesce(place.name, account.name) AS student, assignment.title, one.state, one.tries, one.message
       FROM lti_score AS one JOIN lti_link AS link ON link.id = one."linkId" JOIN assignment ON assignment.id = link."assignmentId"
       JOIN "user" AS account ON account.id = one."userId"
       LEFT JOIN class_member AS place ON place."classId" = $2 AND place."userId" = one."userId"
       WHERE link."courseId" = $1 AND one.message IS NOT NULL ORDER BY one.state DESC, lower(account.name), one."userId" LIMIT ${failuresMax}`,
      [course.id, classId],
    )
    const { platform, title, boundBy, boundAt, syncedAt, membershipsUrl } = course
    return {
      ...{
        platform: { id: platform.id, name: platform.name },
        title,
        boundBy,
        boundAt: boundAt.toISOString(),
      },
      ...{ syncedAt: syncedAt?.toISOString() ?? null, roster: membershipsUrl !== null },
      links: links.rows.map((one) => linkRow.parse(one)),
      failures: failures.rows.map((one) => failureRow.parse(one)),
    }
  }

  /** Binds the class to no course any more. Its people, their accounts and their work stay. */
  async unbind(who: Principal, classId: string): Promise<void> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { prisma } = this.database
    const course = await prisma.ltiCourse.findUnique({ where: { classId }, include: { platform: true } })
    if (course === null) throw notFound('course')
    await prisma.ltiCourse.deleteMany({ where: { id: course.id } })
    await audit(prisma, who, 'class.course_remove', classId, {
      ...{ name: row.name, course: course.title, platform: course.platform.name },
    })
  }

  /** Sends again what the platform has not taken. @throws ApiError `conflict` when the class has no course */
  async sendAgain(who: Principal, classId: string): Promise<number> {
    const { row } = await seatIn(this.database, who, 'class.teach', classId)
    const { prisma } = this.database
    const course = await prisma.ltiCourse.findUnique({ where: { classId } })
    if (course === null) throw notConnected()
    const count = await this.scores.again(course.id)
    await audit(prisma, who, 'class.course_scores', classId, { name: row.name, count })
    return count
  }
}
