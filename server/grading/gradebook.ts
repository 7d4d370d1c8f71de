import Papa from 'papaparse'
import {
  type Gradebook,
  type GradebookApplied,
  type GradebookPreview,
  newId,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import { type Database, inTransaction } from '../database/client.js'
import { ApiError } from '../errors.js'
import { decode } from '../spreadsheets/decode.js'
import { planGradebook } from './gradebook-plan.js'
import type { Grades } from './grades.js'
import { maxPointsOf, sum } from './points.js'

/** The grades of a class: students by name, assignments in their order. */
export class Gradebooks {
  constructor(
    private readonly database: Database,
    private readonly grades: Grades,
  ) {}

  async of(who: Principal, classId: string): Promise<Gradebook> {
    await seatIn(this.database, who, 'class.look', classId)
    return this.#book(classId)
  }

  /** What importing a file with points would do. Nothing is changed. @throws ApiError as `planGradebook` */
  async preview(who: Principal, classId: string, file: Uint8Array): Promise<GradebookPreview> {
    return planGradebook(decode(file), await this.of(who, classId))
  }

  /**
   * Gives the points that a preview said, all of them or none. The former ones are kept.
   *
   * @param digest of the preview
   * @throws ApiError `conflict` when points or students have changed so that something else would be done now
   */
  async apply(who: Principal, classId: string, file: Uint8Array, digest: string): Promise<GradebookApplied> {
    const { row } = await seatIn(this.database, who, 'class.look', classId)
    const text = decode(file)
    const { changed, unchanged } = await inTransaction(this.database.pool, async (client) => {
      // Who gives points waits, as does a student who comes or goes.
      await client.query('SELECT FROM class WHERE id = $1 FOR NO KEY UPDATE', [classId])
      await client.query('SELECT FROM assignment WHERE "classId" = $1 ORDER BY id FOR NO KEY UPDATE', [
        classId,
      ])
      const plan = planGradebook(text, await this.#book(classId))
      if (plan.digest !== digest) {
        throw new ApiError(
          'conflict',
          'the points or the file have changed since the preview; look at a new preview and apply that',
        )
      }
      await client.query(
        `INSERT INTO grade (id, "tenantId", "assignmentId", "userId", points, comment, by, at)
         SELECT id, $1, assignment, student, points, '', $2, clock_timestamp() AT TIME ZONE 'UTC'
         FROM unnest($3::TEXT[], $4::TEXT[], $5::TEXT[], $6::DOUBLE PRECISION[]) AS given(id, assignment, student, points)`,
        [
          ...[who.tenantId, who.actor, plan.changed.map(() => newId('gd'))],
          ...[
            plan.changed.map(({ assignment }) => assignment),
            plan.changed.map(({ student }) => student.userId),
          ],
          plan.changed.map(({ to }) => to),
        ],
      )
      return plan
    })
    await audit(this.database.prisma, who, 'grade.import', classId, {
      ...{ class: row.name, changed: changed.length },
    })
    return { changed: changed.length, unchanged }
  }

  async #book(classId: string): Promise<Gradebook> {
    const { prisma } = this.database
    const [assignments, places] = await Promise.all([
      prisma.assignment.findMany({
        where: { classId },
        omit: { text: true },
        orderBy: [{ position: 'asc' }, { id: 'asc' }],
      }),
      prisma.classMember.findMany({
        where: { classId, role: 'student' },
        orderBy: [{ name: 'asc' }, { id: 'asc' }],
      }),
    ])
    const all = await this.grades.of(assignments, null, false)
    const found = new Map(all.map((one) => [`${one.assignment} ${one.student.userId}`, one]))
    return {
      assignments: assignments.map((one) => ({ id: one.id, title: one.title, maxPoints: maxPointsOf(one) })),
      students: places.map(({ id, userId, name, number }) => {
        const grades = assignments.map((one) => {
          const grade = found.get(`${one.id} ${userId}`)
          const { points = null, state = 'none', given = null, submission = null } = grade ?? {}
          return { points, state, given: given !== null, submission }
        })
        return {
          ...{ id, userId, name, number, grades },
          total: sum(grades.map(({ points }) => points ?? 0)),
        }
      }),
    }
  }

  /** The same for a spreadsheet, in which no cell is a formula. */
  async csv(who: Principal, classId: string): Promise<string> {
    const { assignments, students } = await this.of(who, classId)
    const head = [
      'Name',
      'Number',
      ...assignments.map(({ title, maxPoints }) => `${title} (${maxPoints})`),
      'Total',
    ]
    const lines = students.map(({ name, number, grades, total }) => [
      ...[name, number ?? '', ...grades.map(({ points }) => points ?? ''), total],
    ])
    // Spreadsheets take a file without the mark for one in the encoding of their country.
    return `\uFEFF${Papa.unparse([head, ...lines], { escapeFormulae: true })}\r\n`
  }
}
