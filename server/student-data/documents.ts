import { addressOf } from '../auth/address.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import type { Gradings } from '../grading/index.js'
import { gradingColumns, gradingRow, present as presentGrading } from '../grading/rows.js'
import { present as presentSubmission, type SubmissionRow } from '../submissions/rows.js'
import type { FoundStudent } from './find.js'

/** A document of the archive: its name, and what it says. */
export type Document = readonly [name: string, content: unknown]

/**
 * What the class has of a student besides their files. Results of tests are as the student sees them, for the archive is theirs: hidden
 * tests stay hidden. A student is shown points as everywhere; a teacher gets all that were ever given.
 */
export async function documentsOf(
  database: Database,
  who: Principal,
  { gradings, grades, lineComments }: Gradings,
  student: FoundStudent,
  submissions: readonly SubmissionRow[],
): Promise<Document[]> {
  const { row: taught, role, placeId, name } = student
  const userId = student.userId ?? ''
  const { prisma, pool } = database
  const isStudent = role === 'student'
  const assignments = await prisma.assignment.findMany({
    where: { classId: taught.id, ...(isStudent ? { published: true } : {}) },
    omit: { text: true },
    orderBy: [{ position: 'asc' }, { id: 'asc' }],
  })
  const ofClass = { assignment: { classId: taught.id }, userId }
  const titleOf = new Map(assignments.map(({ id, title }) => [id, title]))
  const named = (id: string) => ({ id, title: titleOf.get(id) ?? '' })

  const place =
    placeId === null
      ? null
      : await prisma.classMember.findUnique({
          where: { id: placeId },
          include: { section: true, group: true, member: { include: { user: true } } },
        })
  const work = await prisma.assignmentWork.findMany({ where: ofClass, orderBy: { id: 'asc' } })
  const given = isStudent
    ? []
    : await prisma.grade.findMany({ where: ofClass, orderBy: [{ at: 'asc' }, { id: 'asc' }] })
  const attempts = await prisma.examAttempt.findMany({ where: ofClass, include: { snapshots: true } })
  const events = await prisma.examEvent.findMany({ where: ofClass, orderBy: { id: 'asc' } })
  const times = await prisma.activeTime.findMany({ where: ofClass, orderBy: { day: 'asc' } })
  const sandboxes = await prisma.sandbox.findMany({
    where: { tenantId: who.tenantId, ownerId: userId, assignment: { classId: taught.id } },
    select: { id: true, name: true, state: true, assignmentId: true, createdAt: true, deletedAt: true },
  })
  const here = { studentId: placeId ?? '' }
  const lessons = await prisma.lessonStudent.findMany({ where: here, include: { lesson: true } })
  const messages = await prisma.lessonMessageTo.findMany({ where: here, include: { message: true } })
  const extensions = await prisma.assignmentExtension.findMany({ where: here })

  const ids = submissions.map(({ id }) => id)
  const results = await pool.query(
    `SELECT ${gradingColumns} FROM grading WHERE "submissionId" = ANY($1) ORDER BY "createdAt", id`,
    [ids],
  )
  const submissionOf = new Map(submissions.map((one) => [one.id, one]))
  const shown = []
  for (const read of results.rows) {
    const one = gradingRow.parse(read)
    const of = submissionOf.get(one.submissionId)
    const sight = !isStudent || of === undefined ? 'student' : await gradings.sightOf(who, of)
    shown.push(presentGrading(one, sight))
  }
  const comments = []
  for (const { id } of submissions) {
    for (const { mayChange: _, ...comment } of await lineComments.list(who, id)) comments.push(comment)
  }
  const account = place?.member?.user
  return [
    [
      'profile.json',
      {
        ...{ class: { id: taught.id, name: taught.name, timeZone: taught.timeZone }, name },
        ...{ id: placeId, account: student.userId, number: place?.number ?? null },
        address: account ? addressOf(account) : (place?.email ?? null),
        ...{ section: place?.section?.name ?? null, group: place?.group?.name ?? null },
        joinedAt: place?.joinedAt ?? null,
      },
    ],
    [
      'work.json',
      work.map(({ assignmentId, startedAt, steps, checkedAt, sandboxId }) => ({
        ...{ assignment: named(assignmentId), startedAt, steps, checkedAt, sandbox: sandboxId },
      })),
    ],
    ['submissions.json', submissions.map(presentSubmission)],
    ['results.json', shown],
    ['comments.json', comments],
    [
      'grades.json',
      {
        now: student.userId === null ? [] : await grades.of(assignments, userId, isStudent),
        given: given.map(({ assignmentId, points, comment, levels, at }) => ({
          ...{ assignment: named(assignmentId), points, comment, levels, at },
        })),
      },
    ],
    [
      'exams.json',
      {
        attempts: attempts.map(({ assignmentId, startedAt, state, outcome, snapshots }) => ({
          ...{ assignment: named(assignmentId), startedAt, state, outcome },
          kept: snapshots.map(({ id, at, digest, files, bytes }) => ({ id, at, digest, files, bytes })),
        })),
        events: events.map(({ assignmentId, at, type, toldBy, detail }) => ({
          ...{ assignment: named(assignmentId), at, type, toldBy, detail },
        })),
      },
    ],
    [
      'activity.json',
      times.map(({ assignmentId, day, minutes }) => ({
        ...{ assignment: named(assignmentId), day: day.toISOString().slice(0, 10), minutes },
      })),
    ],
    [
      'lessons.json',
      {
        lessons: lessons.map(({ lesson, handUpAt }) => ({
          ...{ id: lesson.id, startedAt: lesson.startedAt, endedAt: lesson.endedAt, handUpAt },
        })),
        messages: messages.map(({ message }) => ({ at: message.at, text: message.text, by: message.byName })),
      },
    ],
    [
      'extensions.json',
      extensions.map(({ assignmentId, dueAt }) => ({ assignment: named(assignmentId), dueAt })),
    ],
    ['sandboxes.json', sandboxes],
  ]
}
