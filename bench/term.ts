import pg from 'pg'
import { newId } from '../protocol/api/index.js'
import type { TestClient } from '../testing/client.js'
import { ask } from './ask.js'
import type { Cloche } from './cloche.js'
import type { Samples } from './samples.js'

export const termPages = 'A term of 200 students and 30 assignments, all handed in and graded: one answer'

const studentsCount = 200
const assignmentsCount = 30
/** What statistics count of a grading. */
const causes = JSON.stringify([
  {
    ...{ test: 'sum', passed: false },
    why: [{ text: 'NameError: name … is not defined', example: "NameError: name 'x' is not defined" }],
  },
])
const tests = [{ id: 'sum', name: 'Sum', points: 10, command: 'sh sum.sh' }]

/** What the pages of a class ask for at the end of a term. What was handed in is written into the database: it is about reading. */
export async function term(
  samples: Samples,
  cloche: Cloche,
  teacher: TestClient,
  rounds: number,
): Promise<void> {
  const { id: classId } = await ask(teacher, 'POST', '/classes', { name: 'A whole term' })
  const students: string[] = []
  while (students.length < studentsCount) {
    const name = `Student ${students.length}`
    students.push((await ask(teacher, 'POST', `/classes/${classId}/students`, { name })).userId)
  }
  const assignments: string[] = []
  while (assignments.length < assignmentsCount) {
    const body = { title: `Sheet ${assignments.length}`, published: true, tests }
    assignments.push((await ask(teacher, 'POST', `/classes/${classId}/assignments`, body)).id)
  }
  const [last = ''] = assignments.slice(-1)
  const submission = await handInAll(cloche, classId, students, assignments)
  const pages = {
    'the grade book': `/classes/${classId}/gradebook`,
    'its CSV': `/classes/${classId}/gradebook.csv`,
    'hand-ins of an assignment': `/assignments/${last}/submissions?limit=200`,
    'grades of an assignment': `/assignments/${last}/grades?limit=200`,
    'statistics of an assignment': `/assignments/${last}/statistics`,
    'work of an assignment': `/assignments/${last}/work?limit=200`,
    'the students': `/classes/${classId}/students?limit=200`,
    'the assignments': `/classes/${classId}/assignments`,
    'a hand-in': `/submissions/${submission}`,
  }
  for (const [subject, path] of Object.entries(pages)) {
    await ask(teacher, 'GET', path)
    for (let round = 0; round < rounds; round++)
      await samples.time(termPages, subject, () => ask(teacher, 'GET', path))
  }
}

/** @returns one of the submissions */
async function handInAll(
  cloche: Cloche,
  classId: string,
  students: readonly string[],
  assignments: readonly string[],
): Promise<string> {
  const socket = encodeURIComponent(`/run/cloche/${cloche.instance.name}/postgres`)
  const database = new pg.Client({ connectionString: `postgresql://cloche@localhost/cloche?host=${socket}` })
  await database.connect()
  const rows = assignments.flatMap((assignment) =>
    students.map((student) => ({ id: newId('su'), grading: newId('gr'), assignment, student })),
  )
  const columns = [
    rows.map(({ id }) => id),
    rows.map(({ grading }) => grading),
    rows.map(({ assignment }) => assignment),
    rows.map(({ student }) => student),
  ]
  try {
    const given =
      'unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS one(id, grading, assignment, student)'
    await database.query(
      `INSERT INTO submission (id, "tenantId", "assignmentId", "userId", "studentName", number, at, digest, files, bytes,
         "newBytes", "leftOut", "leftOutCount")
       SELECT one.id, class."tenantId", one.assignment, one.student, 'Student', 1, now() AT TIME ZONE 'UTC', repeat('0', 64),
         0, 0, 0, '[]', 0
       FROM ${given}, class WHERE one.grading IS NOT NULL AND class.id = $5`,
      [...columns, classId],
    )
    await database.query(
      `INSERT INTO grading (id, "tenantId", "submissionId", state, points, "maxPoints", tests, causes, "createdBy", "finishedAt")
       SELECT one.grading, class."tenantId", one.id, 'finished', 10, 10, '[]', $6::JSONB, 'bench', now() AT TIME ZONE 'UTC'
       FROM ${given}, class WHERE one.assignment IS NOT NULL AND class.id = $5`,
      [...columns, classId, causes],
    )
    await database.query('ANALYZE submission, grading')
  } finally {
    await database.end()
  }
  return rows[0]?.id ?? ''
}
