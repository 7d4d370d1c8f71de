import { type AssignmentStatistics, statisticsBounds } from '../../protocol/api/index.js'
import { findAssignment } from '../assignments/access.js'
import { storedSteps, storedTests } from '../assignments/rows.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Grades } from '../grading/grades.js'
import { maxPointsOf } from '../grading/points.js'
import { privacyOf } from '../privacy/settings.js'
import { distributionOf, pointsOf } from './distribution.js'
import { withoutNames } from './names.js'
import {
  errorsOf,
  minutesOf,
  readOldResults,
  type StatisticsStudent,
  stepsOf,
  studentsOf,
  testsOf,
} from './queries.js'

/** Times are shown to so many minutes: none of them is one student's to the minute. */
const minutesStep = 5

/** Where a class is stuck in an assignment, and how long it takes: for its staff. */
export class StatisticsService {
  constructor(
    private readonly database: Database,
    private readonly grades: Grades,
  ) {}

  async of(who: Principal, id: string): Promise<AssignmentStatistics> {
    const { assignment, row } = await findAssignment(this.database, who, 'class.look', id)
    const { pool } = this.database
    const of = { assignmentId: id, classId: row.id }
    await readOldResults(pool, of)
    const [students, steps, tests, errors, time, grades] = await Promise.all([
      ...([studentsOf(pool, of), stepsOf(pool, of), testsOf(pool, of), errorsOf(pool, of)] as const),
      this.#privacyAndMinutes(of),
      this.grades.of([assignment], null, false),
    ])
    const inClass = new Set(students.map(({ userId }) => userId))
    const points = grades.flatMap((one) =>
      inClass.has(one.student.userId) && one.points !== null ? [one.points] : [],
    )
    const handedIn = students.filter((one) => one.handedIn).length
    const hide = withoutNames(students)
    return {
      ...{ assignment: { id, title: assignment.title }, students: students.length, handedIn },
      ...{ began: students.filter(({ began }) => began).length, graded: points.length },
      points: pointsOf(points, maxPointsOf(assignment)),
      steps: storedSteps.parse(assignment.steps).map(({ id, title, check }) => {
        const { passed = 0, failed = 0 } = steps.get(id) ?? {}
        return { id, title, checked: check !== undefined, passed, failed }
      }),
      tests: storedTests.parse(assignment.tests).map(({ id, name }) => {
        const { passed = 0, failed = 0 } = tests.get(id) ?? {}
        return { id, name, passed, failed, unknown: Math.max(0, handedIn - passed - failed) }
      }),
      errors: errors.map((one) => ({ ...one, text: hide(one.text), example: hide(one.example) })),
      time: timeOf(students, time, row.studentTimes),
    }
  }

  async #privacyAndMinutes(of: { assignmentId: string; classId: string }) {
    const privacy = await privacyOf(this.database.pool)
    return { ...privacy, minutes: privacy.timeStatistics ? await minutesOf(this.database.pool, of) : [] }
  }
}

/** @param isOn the class wants its staff to see minutes of each student */
function timeOf(
  students: readonly StatisticsStudent[],
  {
    timeStatistics,
    studentTimes,
    minutes,
  }: { timeStatistics: boolean; studentTimes: boolean; minutes: Awaited<ReturnType<typeof minutesOf>> },
  isOn: boolean,
): AssignmentStatistics['time'] {
  if (!timeStatistics) return { state: 'off', minutes: null, each: null }
  const shown = new Map(minutes.map((one) => [one.id, one.shown]))
  const each =
    studentTimes && isOn
      ? students.map(({ id, name }) => ({ student: id, name, minutes: shown.get(id) ?? 0 }))
      : null
  const state = minutes.length < statisticsBounds.distribution ? 'few' : 'shown'
  const rounded = minutes.map((one) => Math.round(one.minutes / minutesStep) * minutesStep)
  return { state, minutes: distributionOf(rounded), each }
}
