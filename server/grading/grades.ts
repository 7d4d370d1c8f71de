import { z } from 'zod'
import type { Assignment } from '../../prisma/generated/client.js'
import {
  type GivenGrades,
  type Grade,
  type GradedCriterion,
  gradedCriterion,
  gradingState,
  newId,
  type setGrade,
} from '../../protocol/api/index.js'
import { findAssignment } from '../assignments/access.js'
import { storedGrading } from '../assignments/rows.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { presentTime } from '../classes/wall-clock.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import { latenessOf, standingOf } from '../submissions/rows.js'
import { afterPenalty, maxPointsOf, sum } from './points.js'
import { levelsOf } from './rubrics.js'

const gradeRow = z.object({
  ...{ assignmentId: z.string(), userId: z.string(), name: z.string(), due: z.date().nullable() },
  ...{ submissionId: z.string().nullable(), at: z.date().nullable(), latePercent: z.number().nullable() },
  ...{ number: z.number().nullable(), timeZone: z.string().nullable() },
  ...{ state: gradingState.nullable(), tested: z.number().nullable() },
  ...{ given: z.number().nullable(), comment: z.string().nullable(), by: z.string().nullable() },
  ...{ givenAt: z.date().nullable(), levels: z.array(gradedCriterion).nullable() },
})
type GradeRow = z.infer<typeof gradeRow>

/** Students of the classes of assignments, and who has handed in and left, each with what counts. `$1`: assignments, `$2`: one student */
const gradesOf = `
  WITH standing AS MATERIALIZED (
    SELECT * FROM (${standingOf('one."assignmentId" = ANY($1) AND ($2::TEXT IS NULL OR one."userId" = $2)')}) AS each WHERE counts
  ), people AS (
    SELECT task.id AS "assignmentId", place."userId", place.name,
      CASE WHEN task."dueAt" IS NOT NULL THEN greatest(task."dueAt", more."dueAt") END AS due
    FROM assignment AS task
    JOIN class_member AS place ON place."classId" = task."classId" AND place.role = 'student' AND place."userId" IS NOT NULL
    LEFT JOIN assignment_extension AS more ON more."assignmentId" = task.id AND more."studentId" = place.id
    WHERE task.id = ANY($1) AND ($2::TEXT IS NULL OR place."userId" = $2)
    UNION ALL SELECT "assignmentId", "userId", "studentName", due FROM standing WHERE "placeId" IS NULL
  )
  SELECT people.*, standing.id AS "submissionId", standing.at, standing."latePercent",
    standing.number, standing."timeZone", last.state, done.points AS tested,
    given.points AS given, given.comment, given.by, given.at AS "givenAt", given.levels
  FROM people
  LEFT JOIN standing ON standing."assignmentId" = people."assignmentId" AND standing."userId" = people."userId"
  LEFT JOIN LATERAL (SELECT state FROM grading WHERE "submissionId" = standing.id ORDER BY "createdAt" DESC, id DESC LIMIT 1)
    AS last ON true
  LEFT JOIN LATERAL (SELECT points FROM grading WHERE "submissionId" = standing.id AND state = 'finished'
    ORDER BY "finishedAt" DESC, id DESC LIMIT 1) AS done ON true
  LEFT JOIN LATERAL (SELECT points, comment, by, at, levels FROM grade
    WHERE "assignmentId" = people."assignmentId" AND "userId" = people."userId" ORDER BY at DESC, id DESC LIMIT 1) AS given ON true
  ORDER BY lower(people.name), people."userId"`

/** What is read of an assignment to say what somebody has for it. */
type Graded = Pick<Assignment, 'id' | 'grading' | 'rubric' | 'tests'>

/** What students have for assignments: by tests, or as a person says. */
export class Grades {
  constructor(private readonly database: Database) {}

  /** For an assignment, of all students of the class by name; a student's own. */
  async list(who: Principal, id: string): Promise<Grade[]> {
    const { assignment, role } = await findAssignment(this.database, who, 'class.read', id)
    return this.of([assignment], role === 'student' ? (who.userId ?? '') : null, role === 'student')
  }

  /** Of whoever may: the caller has asked. @param userId null: of all */
  async of(assignments: readonly Graded[], userId: string | null, isStudent: boolean): Promise<Grade[]> {
    const known = new Map(assignments.map((one) => [one.id, one]))
    const { rows } = await this.database.pool.query(gradesOf, [[...known.keys()], userId])
    return rows.flatMap((read) => {
      const row = gradeRow.parse(read)
      const assignment = known.get(row.assignmentId)
      return assignment === undefined ? [] : [present(row, assignment, isStudent)]
    })
  }

  /**
   * Points that a person gives, or the levels of a rubric of which they are the sum. The former ones are kept.
   * @throws ApiError `invalid_request` for more than there are, and for other levels than one of each criterion
   */
  async give(who: Principal, id: string, userId: string, wanted: z.infer<typeof setGrade>): Promise<Grade> {
    const { assignment } = await findAssignment(this.database, who, 'class.look', id)
    const [before] = await this.of([assignment], userId, false)
    if (before === undefined) throw notFound('student')
    const levels = wanted.levels === undefined ? null : levelsOf(assignment, wanted.levels)
    const points = levels === null ? (wanted.points ?? null) : sum(levels.map((one) => one.points))
    assertPoints(points, assignment)
    const { comment } = wanted
    await giveGrade(this.database, who, { assignmentId: id, userId }, { points, comment, levels })
    await audit(this.database.prisma, who, 'grade.give', id, {
      ...{ title: assignment.title, of: before.student.name, points },
    })
    const [after] = await this.of([assignment], userId, false)
    return after ?? before
  }

  /** Each time that a person gave points, newest first. */
  async given(who: Principal, id: string, userId: string): Promise<GivenGrades['items']> {
    await findAssignment(this.database, who, 'class.look', id)
    const rows = await this.database.prisma.grade.findMany({
      where: { assignmentId: id, userId },
      orderBy: [{ at: 'desc' }, { id: 'desc' }],
      take: 100,
    })
    return rows.map(({ points, comment, levels, by, at }) => ({
      ...{ points, comment, by, at: at.toISOString() },
      levels: z.array(gradedCriterion).nullable().parse(levels),
    }))
  }
}

/** @throws ApiError `invalid_request` */
export function assertPoints(points: number | null, assignment: Assignment): void {
  const most = maxPointsOf(assignment)
  if (points !== null && points > most) {
    throw new ApiError('invalid_request', `points: ${assignment.title} has ${most} points at most`)
  }
}

export async function giveGrade(
  { pool }: Database,
  { tenantId, actor }: Pick<Principal, 'tenantId' | 'actor'>,
  { assignmentId, userId }: { assignmentId: string; userId: string },
  given: { points: number | null; comment: string; levels?: readonly GradedCriterion[] | null },
): Promise<void> {
  // Of two at once the one that is stored last counts: the clock is read when the other one is there.
  await inTransaction(pool, async (client) => {
    await client.query('SELECT FROM assignment WHERE id = $1 FOR NO KEY UPDATE', [assignmentId])
    await client.query(
      `INSERT INTO grade (id, "tenantId", "assignmentId", "userId", points, comment, levels, by, at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, clock_timestamp() AT TIME ZONE 'UTC')`,
      [
        ...[newId('gd'), tenantId, assignmentId, userId, given.points, given.comment],
        ...[given.levels ? JSON.stringify(given.levels) : null, actor],
      ],
    )
  })
}

function present(row: GradeRow, assignment: Graded, isStudent: boolean): Grade {
  const { given, givenAt, tested } = row
  const { feedback } = storedGrading.parse(assignment.grading)
  const isHidden =
    isStudent &&
    (feedback === 'never' || (feedback === 'after_due' && (row.due === null || new Date() <= row.due)))
  const late = row.at === null ? null : latenessOf(row.at, row.due, row.latePercent)
  const latePercent = late?.percent ?? 0
  const shown = {
    ...{ assignment: row.assignmentId, student: { userId: row.userId, name: row.name } },
    ...{ submission: row.submissionId, latePercent, maxPoints: maxPointsOf(assignment) },
    handedIn: row.at === null ? null : { number: row.number ?? 0, at: timeOf(row.at, row.timeZone), late },
  }
  if (isHidden) return { ...shown, state: 'hidden', tested: null, given: null, points: null }
  const byPerson =
    given === null || givenAt === null
      ? null
      : {
          ...{ points: given, comment: row.comment ?? '', at: givenAt.toISOString(), levels: row.levels },
          by: isStudent ? null : row.by,
        }
  const isOpen = row.state === 'queued' || row.state === 'running'
  const byTests = tested !== null ? 'graded' : row.state === 'failed' ? 'failed' : 'none'
  const counted = tested === null ? null : Math.min(shown.maxPoints, afterPenalty(tested, latePercent))
  return {
    ...shown,
    state: isOpen && row.state !== null ? gradeState(row.state) : byPerson !== null ? 'graded' : byTests,
    ...{ tested, given: byPerson, points: byPerson?.points ?? counted },
  }
}

function timeOf(time: Date, timeZone: string | null): { at: string; local: string } {
  const { at, local } = presentTime({ at: time, local: null }, timeZone ?? 'UTC')
  return { at, local }
}

const gradeState = (state: GradeRow['state']) => (state === 'running' ? 'running' : 'queued')
