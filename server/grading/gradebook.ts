import Papa from 'papaparse'
import type { Gradebook } from '../../protocol/api/index.js'
import type { Principal } from '../auth/principal.js'
import { seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
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
