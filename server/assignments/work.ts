import { z } from 'zod'
import type { AssignmentWork, Grade, OwnWork, StudentWork } from '../../protocol/api/index.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { presentTime } from '../classes/wall-clock.js'
import type { Database } from '../database/client.js'
import { requireCursor } from '../database/cursor.js'
import { findAssignment } from './access.js'
import { storedSteps } from './rows.js'
import { stateOf, timesOf } from './times.js'
import { joinSandbox, presentWork, workColumns, workRow } from './work-rows.js'

const maxOwn = 1000

const studentRow = workRow.extend({
  ...{ id: z.string(), name: z.string(), number: z.string().nullable(), joined: z.boolean() },
  ...{ sectionId: z.string().nullable(), groupId: z.string().nullable() },
  ...{ moreAt: z.date().nullable(), moreLocal: z.string().nullable() },
})
const times = {
  ...{ opensAt: z.date().nullable(), opensLocal: z.string().nullable(), dueAt: z.date().nullable() },
  ...{ dueLocal: z.string().nullable(), latePercent: z.number().nullable() },
  ...{ lateUntil: z.date().nullable(), lateLocal: z.string().nullable() },
}
const ownRow = workRow.extend({
  ...{
    id: z.string(),
    title: z.string(),
    steps: storedSteps,
    grading: z.json(),
    rubric: z.json(),
    tests: z.json(),
    classId: z.string(),
    className: z.string(),
  },
  ...{ exam: z.boolean(), timeShown: z.boolean() },
  ...{ timeZone: z.string(), moreAt: z.date().nullable(), moreLocal: z.string().nullable(), ...times },
})
/** Of whoever left the class at this moment. */
const nothing: OwnWork['grade'] = { submission: null, state: 'none', points: null, maxPoints: 0 }
const moreOf = ({ moreAt, moreLocal }: { moreAt: Date | null; moreLocal: string | null }) =>
  moreAt === null ? undefined : { dueAt: moreAt, dueLocal: moreLocal }

/** What a student has for assignments, as far as students are shown it. */
export type GradesOf = (
  assignments: readonly Pick<z.infer<typeof ownRow>, 'id' | 'title' | 'grading' | 'rubric' | 'tests'>[],
  userId: string,
) => Promise<readonly Grade[]>

/** What students have of assignments, as staff and as they themselves see it. */
export class WorkLists {
  constructor(
    private readonly database: Database,
    private readonly gradesOf: GradesOf,
  ) {}

  /** Of one student; nothing begun when there is no row. */
  async of(assignmentId: string, userId: string, steps: unknown): Promise<AssignmentWork> {
    const { rows } = await this.database.pool.query(
      `SELECT ${workColumns} FROM assignment_work AS work ${joinSandbox} WHERE work."assignmentId" = $1 AND work."userId" = $2`,
      [assignmentId, userId],
    )
    const none = {
      sandboxId: null,
      ready: null,
      starting: null,
      startedAt: null,
      checkedAt: null,
      progress: null,
    }
    return presentWork(rows[0] === undefined ? none : workRow.parse(rows[0]), storedSteps.parse(steps))
  }

  /** Of the students of the class, by name. @param page `cursor`: the last student of the page before */
  async list(
    who: Principal,
    id: string,
    { limit, cursor }: { limit: number; cursor?: string | undefined },
  ): Promise<{ items: StudentWork[]; nextCursor: string | null }> {
    const { assignment, row } = await findAssignment(this.database, who, 'class.look', id)
    const { pool, prisma } = this.database
    await requireCursor(cursor, (last) =>
      prisma.classMember.count({ where: { id: last, classId: row.id, role: 'student' } }),
    )
    const { rows } = await pool.query(
      `SELECT one.id, one.name, one.number, one."userId" IS NOT NULL AS joined, one."sectionId", one."groupId",
         more."dueAt" AS "moreAt", more."dueLocal" AS "moreLocal", ${workColumns}
       FROM class_member AS one
       LEFT JOIN assignment_work AS work ON work."assignmentId" = $1 AND work."userId" = one."userId"
       LEFT JOIN assignment_extension AS more ON more."assignmentId" = $1 AND more."studentId" = one.id
       ${joinSandbox}
       WHERE one."classId" = $2 AND one.role = 'student' AND ($3::TEXT IS NULL OR (lower(one.name), one.id) >
         (SELECT lower(name), id FROM class_member WHERE id = $3 AND "classId" = $2))
       ORDER BY lower(one.name), one.id LIMIT $4`,
      [id, row.id, cursor ?? null, limit + 1],
    )
    const steps = storedSteps.parse(assignment.steps)
    const items = rows.slice(0, limit).map((read): StudentWork => {
      const one = studentRow.parse(read)
      const { due, extended } = timesOf(assignment, moreOf(one))
      return {
        ...{ student: one.id, name: one.name, number: one.number, joined: one.joined },
        ...{ section: one.sectionId, group: one.groupId, extended },
        dueAt: due === null ? null : presentTime(due, row.timeZone),
        ...presentWork(one, steps),
      }
    })
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.student ?? null) : null }
  }

  /** All that the caller has to do as a student. What is due first comes first, what is never due last. */
  async own(who: Principal): Promise<OwnWork[]> {
    assertMay(who, 'class.study')
    const { rows } = await this.database.pool.query(
      `SELECT one.id, one.title, one.steps, one.grading, one.rubric, one.tests, one.exam IS NOT NULL AS exam,
         class."studentTimes" AND privacy."studentTimes" AND privacy."timeStatistics" AS "timeShown", one."opensAt", one."opensLocal", one."dueAt", one."dueLocal", one."latePercent",
         one."lateUntil", one."lateLocal", class.id AS "classId", class.name AS "className", class."timeZone",
         more."dueAt" AS "moreAt", more."dueLocal" AS "moreLocal", ${workColumns}
       FROM class_member AS place
       JOIN class ON class.id = place."classId" AND class."archivedAt" IS NULL
       JOIN assignment AS one ON one."classId" = class.id AND one.published
       CROSS JOIN privacy
       LEFT JOIN assignment_work AS work ON work."assignmentId" = one.id AND work."userId" = place."userId"
       LEFT JOIN assignment_extension AS more ON more."assignmentId" = one.id AND more."studentId" = place.id
       ${joinSandbox}
       WHERE place."tenantId" = $1 AND place."userId" = $2 AND place.role = 'student'
       ORDER BY one."dueAt" DESC NULLS FIRST, one.position DESC, one.id LIMIT ${maxOwn}`,
      [who.tenantId, who.userId ?? ''],
    )
    // Of too many those stay that are due last; the first of them comes first.
    const all = rows.reverse().map((read) => ownRow.parse(read))
    const grades = await this.gradesOf(all, who.userId ?? '')
    const gradeOf = new Map(grades.map((grade) => [grade.assignment, grade]))
    return all.map((one): OwnWork => {
      const { submission, state: graded, points, maxPoints } = gradeOf.get(one.id) ?? nothing
      const when = timesOf(one, moreOf(one))
      const state = stateOf(true, when)
      const shown = (time: typeof when.due) => (time === null ? null : presentTime(time, one.timeZone))
      const steps = state === 'scheduled' ? [] : one.steps
      return {
        ...{ assignment: one.id, title: one.title, class: { id: one.classId, name: one.className }, state },
        ...{ opensAt: shown(when.opens), dueAt: shown(when.due), extended: when.extended },
        ...{ exam: one.exam, timeShown: one.timeShown, stepCount: steps.length },
        work: presentWork(one.exam && state === 'closed' ? { ...one, sandboxId: null } : one, steps),
        grade: { submission, state: graded, points, maxPoints },
      }
    })
  }
}
