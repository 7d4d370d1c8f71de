import { z } from 'zod'
import { newId } from '../../../protocol/api/index.js'
import { file, tar } from '../../../testing/images.js'
import { everybodyIs, own, type Rule, staffTheirs, theirs } from '../rules.js'
import { limits, must, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

/** As for classes: a member is in those that they were put into, and the victim's is none of them. */
const notMembers = { member: 404, memberKey: 404 } as const
const inside: Rule = { ...theirs, ...notMembers }
const taught: Rule = { ...staffTheirs, ...notMembers }

/** Students alone, each what is theirs. */
const { nobody, removedKey } = theirs
const students: Rule = { ...everybodyIs(403), nobody, removedKey, student: 'ok' }
const studied: Rule = { ...students, student: 404 }
/** A class of the student who calls, with an assignment that they have begun. */
const begun = async ({ callers }: World): Promise<Call> => {
  const { user } = await must(callers.student, 'GET', '/api/v1/me')
  const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'of the student' })
  const pupil = { name: 'Student', email: z.object({ email: z.string() }).parse(user).email }
  await must(callers.owner, 'POST', `/api/v1/classes/${id}/students`, pupil)
  const wanted = { title: 'Begun', published: true, limits, network: 'none' }
  const one = await must(callers.owner, 'POST', `/api/v1/classes/${id}/assignments`, wanted)
  await must(callers.student, 'POST', `/api/v1/assignments/${one.id}/start`)
  return { path: { id: String(one.id) }, as: callers.student }
}
/** The same, with something in it to hand in. */
const written = async (world: World): Promise<Call> => {
  const call = await begun(world)
  const { work } = await must(world.callers.student, 'GET', `/api/v1/assignments/${call.path?.id}`)
  const { sandbox } = z.object({ sandbox: z.string() }).parse(work)
  await must(world.callers.student, 'PUT', `/api/v1/sandboxes/${sandbox}/files?path=answer`, 'x')
  return call
}
const told = { type: 'leave' }
/** A student of their own who writes an exam: nothing else is open to them. */
const writing = async ({ callers, person }: World) => {
  const { client, email, id: userId } = await person()
  const { url } = await must(callers.owner, 'POST', '/api/v1/invitations', { email, role: 'student' })
  await must(client, 'POST', '/api/v1/invitations/accept', { secret: new URL(url).hash.slice(1) })
  const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'of an exam' })
  const pupil = { name: 'Examined', email }
  const place = await must(callers.owner, 'POST', `/api/v1/classes/${id}/students`, pupil)
  const wanted = { title: 'Exam', published: true, limits, exam: {} }
  const [opens, due] = [Date.now() - 60_000, Date.now() + 3_600_000]
  const one = await must(callers.owner, 'POST', `/api/v1/classes/${id}/assignments`, {
    ...{ ...wanted, opensAt: new Date(opens).toISOString(), dueAt: new Date(due).toISOString() },
  })
  return { assignmentId: String(one.id), client, userId, studentId: String(place.id) }
}
const notEnrolled = { why: 'the student is in no class of the victim', succeeds: begun } as const

/** A grade book in which nobody has points. */
const points = 'Name,confidential\n'
const asCsv = { 'content-type': 'text/csv' }
const named = ({ assignmentId }: Victim): Call => ({ path: { id: assignmentId } })
const handedIn = ({ submissionId }: Victim): Call => ({ path: { id: submissionId } })
const commented = ({ submissionId, lineCommentId }: Victim): Call => ({
  path: { id: submissionId, commentId: lineCommentId },
})
const remark = { path: 'confidential', line: 1, text: 'What is this?' }
/** An assignment for which two have handed in the same. */
const similar = async ({ callers, database, victim }: World): Promise<Call> => {
  const path = `/api/v1/classes/${victim.classId}/assignments`
  const { id } = await must(callers.owner, 'POST', path, { title: 'copied' })
  const { user } = await must(callers.owner, 'GET', '/api/v1/me')
  const { id: ownerId } = z.object({ id: z.string() }).parse(user)
  const text = Array.from({ length: 200 }, (_, at) => `word${at}`).join(' ')
  const [one, other] = [newId('su'), newId('su')]
  await database.query(
    `INSERT INTO submission_blob SELECT "tenantId", encode(sha256($2::BYTEA), 'hex'), length($2::BYTEA), $2::BYTEA
     FROM assignment WHERE id = $1 ON CONFLICT DO NOTHING`,
    [id, Buffer.from(text)],
  )
  for (const [submission, userId] of [
    [one, victim.classmateId],
    [other, ownerId],
  ]) {
    await database.query(
      `INSERT INTO submission (id, "tenantId", "assignmentId", "userId", "studentName", number, at, digest, files, bytes,
         "newBytes", "leftOut", "leftOutCount")
       SELECT $2, "tenantId", id, $3, 'Classmate', 1, now() AT TIME ZONE 'UTC', '', 1, 1, 1, '[]', 0
       FROM assignment WHERE id = $1`,
      [id, submission, userId],
    )
    await database.query(
      `INSERT INTO submission_file SELECT $2, 0, "tenantId", 'essay.txt', false, NULL, encode(sha256($3::BYTEA), 'hex'),
         encode(sha256($3::BYTEA), 'hex') FROM assignment WHERE id = $1`,
      [id, submission, Buffer.from(text)],
    )
  }
  return { path: { id: String(id) }, query: { one, other } }
}
const toGrade = ({ handedInId }: Victim): Call => ({ path: { id: handedInId } })
const ofClassmate = ({ handedInId, classmateId }: Victim): Call => ({
  path: { id: handedInId, userId: classmateId },
})
const hidden = ({ assignmentId }: Victim) => ({ path: { id: assignmentId, kind: 'hidden' } })
const bytes = { 'content-type': 'application/octet-stream' }
const archive = tar([file('confidential', 'confidential')]).toString('latin1')
const ofClass = ({ classId }: Victim): Call => ({ path: { id: classId } })
const course = tar([file('course.yaml', 'format: 1\nassignments: []\n')]).toString('latin1')
const later = { dueAt: '2999-02-01T00:00' }
const extended = ({ assignmentId, pupilId }: Victim): Call => ({
  path: { id: assignmentId, studentId: pupilId },
})

/** Assignments of classes. */
export const assignmentRows: Readonly<Record<string, Row>> = {
  createAssignment: {
    rule: taught,
    call: ({ classId }) => ({ path: { id: classId }, body: { title: 'One more' } }),
  },
  listAssignments: { rule: inside, call: ({ classId }) => ({ path: { id: classId } }) },
  getAssignment: { rule: inside, call: named },
  changeAssignment: {
    rule: taught,
    call: (victim) => ({ ...named(victim), body: { text: 'confidential' } }),
  },
  deleteAssignment: {
    rule: taught,
    call: named,
    fresh: async ({ callers, victim }) => {
      const path = `/api/v1/classes/${victim.classId}/assignments`
      const { id } = await must(callers.owner, 'POST', path, { title: 'short-lived' })
      return { path: { id: String(id) } }
    },
  },
  listAssignmentExtensions: { rule: taught, call: named },
  setAssignmentExtension: { rule: taught, call: (victim) => ({ ...extended(victim), body: later }) },
  removeAssignmentExtension: {
    rule: taught,
    call: extended,
    fresh: async ({ callers, victim }: World) => {
      const path = `/api/v1/assignments/${victim.assignmentId}/extensions/${victim.pupilId}`
      await must(callers.owner, 'PUT', path, later)
      return extended(victim)
    },
  },
  listAssignmentFiles: { rule: taught, call: hidden },
  replaceAssignmentFiles: {
    rule: taught,
    call: (victim) => ({ ...hidden(victim), body: archive, headers: bytes }),
  },
  packAssignmentFiles: { rule: taught, call: hidden },
  readAssignmentFile: {
    rule: taught,
    call: (victim) => ({ ...hidden(victim), query: { path: 'confidential' } }),
  },
  writeAssignmentFile: {
    rule: taught,
    call: (victim) => ({
      ...{ ...hidden(victim), query: { path: 'more' }, body: 'confidential', headers: bytes },
    }),
  },
  deleteAssignmentFile: {
    rule: taught,
    call: (victim) => ({ ...hidden(victim), query: { path: 'short-lived' } }),
    fresh: async ({ callers, victim }) => {
      const path = `/api/v1/assignments/${victim.assignmentId}/files/hidden/file?path=short-lived`
      await must(callers.owner, 'PUT', path, 'x', bytes)
      return { ...hidden(victim), query: { path: 'short-lived' } }
    },
  },
  startAssignment: { rule: studied, call: named, ...notEnrolled },
  checkAssignment: { rule: studied, call: named, ...notEnrolled },
  listAssignmentWork: { rule: taught, call: named },
  getAssignmentStatistics: { rule: taught, call: named },
  listOwnWork: { rule: students },
  listExamAttempts: {
    rule: taught,
    call: ({ examId }) => ({ path: { id: examId } }),
  },
  listExamSnapshots: {
    rule: taught,
    call: ({ examId, pupilId }) => ({ path: { id: examId, studentId: pupilId } }),
  },
  packExamSnapshot: {
    rule: taught,
    call: ({ examId, pupilId }) => ({
      path: { id: examId, studentId: pupilId, snapshotId: newId('ek') },
    }),
    fresh: async (world) => {
      const { assignmentId, userId, studentId } = await writing(world)
      const snapshotId = newId('ek')
      await world.database.query(
        `INSERT INTO exam_attempt ("assignmentId", "userId", "tenantId", "startedAt")
         SELECT id, $2, "tenantId", now() AT TIME ZONE 'UTC' FROM assignment WHERE id = $1`,
        [assignmentId, userId],
      )
      await world.database.query(
        `INSERT INTO exam_snapshot (id, "tenantId", "assignmentId", "userId", at, digest, files, bytes, "newBytes")
         SELECT $1, "tenantId", id, $3, now() AT TIME ZONE 'UTC', '', 0, 0, 0 FROM assignment WHERE id = $2`,
        [snapshotId, assignmentId, userId],
      )
      return { path: { id: assignmentId, studentId, snapshotId } }
    },
  },
  listExamEvents: { rule: taught, call: ({ examId }) => ({ path: { id: examId } }) },
  tellExamEvent: {
    rule: studied,
    call: ({ examId }) => ({ path: { id: examId }, body: told }),
    why: 'the student is in no class of the victim',
    succeeds: async (world) => {
      const { assignmentId, client } = await writing(world)
      return { path: { id: assignmentId }, as: client, body: told }
    },
  },
  createSubmission: { rule: studied, call: named, ...notEnrolled, succeeds: written },
  listSubmissions: { rule: inside, call: ({ handedInId }) => ({ path: { id: handedInId } }) },
  getSubmission: { rule: inside, call: handedIn },
  getSubmissionReceipt: { rule: inside, call: handedIn },
  checkSubmissionReceipt: {
    rule: own,
    call: ({ receipt }) => ({ body: z.looseObject({}).parse(JSON.parse(receipt)) }),
  },
  listSubmissionFiles: { rule: inside, call: handedIn },
  readSubmissionFile: {
    rule: inside,
    call: (victim) => ({ ...handedIn(victim), query: { path: 'confidential' } }),
  },
  packSubmission: { rule: inside, call: handedIn },
  compareSubmission: { rule: inside, call: handedIn },
  getSimilarity: { rule: taught, call: toGrade },
  getSimilarPair: {
    rule: taught,
    call: ({ handedInId, submissionId }) => ({
      ...{ path: { id: handedInId }, query: { one: submissionId, other: submissionId } },
    }),
    fresh: similar,
  },
  listLineComments: { rule: inside, call: handedIn },
  createLineComment: { rule: taught, call: (victim) => ({ ...handedIn(victim), body: remark }) },
  changeLineComment: {
    rule: taught,
    call: (victim) => ({ ...commented(victim), body: { text: 'confidential' } }),
  },
  deleteLineComment: {
    rule: taught,
    call: commented,
    fresh: async ({ callers, victim }) => {
      const path = `/api/v1/submissions/${victim.submissionId}/comments`
      const { id } = await must(callers.owner, 'POST', path, remark)
      return { path: { id: victim.submissionId, commentId: String(id) } }
    },
  },
  gradeSubmission: { rule: taught, call: handedIn },
  listGradings: { rule: inside, call: handedIn },
  gradeAssignment: { rule: taught, call: (victim) => ({ ...toGrade(victim), body: {} }) },
  cancelGradings: { rule: taught, call: toGrade },
  listGrades: { rule: inside, call: toGrade },
  giveGrade: { rule: taught, call: (victim) => ({ ...ofClassmate(victim), body: { points: 1 } }) },
  listGivenGrades: { rule: taught, call: ofClassmate },
  getGradebook: { rule: taught, call: ofClass },
  exportGradebook: { rule: taught, call: ofClass },
  previewGradebook: {
    rule: taught,
    call: (victim) => ({ ...ofClass(victim), body: points, headers: asCsv }),
  },
  importGradebook: {
    rule: taught,
    call: (victim) => ({
      ...{ ...ofClass(victim), query: { digest: '0'.repeat(64) } },
      ...{ body: points, headers: asCsv },
    }),
    fresh: async ({ callers, victim }) => {
      const path = `/api/v1/classes/${victim.classId}/gradebook/preview`
      const { digest } = await must(callers.owner, 'POST', path, points, asCsv)
      return { ...ofClass(victim), query: { digest: String(digest) }, body: points, headers: asCsv }
    },
  },
  orderAssignments: {
    rule: taught,
    call: ({ classId, assignmentId }) => ({ path: { id: classId }, body: { assignments: [assignmentId] } }),
    fresh: async ({ callers, victim }) => {
      const path = `/api/v1/classes/${victim.classId}/assignments`
      const { items } = await must(callers.owner, 'GET', path)
      const ids = z.array(z.object({ id: z.string() })).parse(items)
      return { path: { id: victim.classId }, body: { assignments: ids.map(({ id }) => id) } }
    },
  },
  duplicateAssignment: { rule: taught, call: (victim) => ({ ...named(victim), body: {} }) },
  moveAssignment: {
    rule: taught,
    call: (victim) => ({ ...named(victim), body: { class: victim.classId } }),
  },
  importAssignmentTests: {
    rule: taught,
    call: (victim) => ({
      ...{ ...named(victim), body: { file: 'tests.json', content: '{"tests":[]}', preview: true } },
    }),
  },
  exportCourse: { rule: taught, call: ofClass },
  previewCourse: { rule: taught, call: (victim) => ({ ...ofClass(victim), body: course, headers: bytes }) },
  importCourse: {
    rule: taught,
    call: (victim) => ({
      ...{ ...ofClass(victim), query: { digest: '0'.repeat(64) }, body: course, headers: bytes },
    }),
    fresh: async ({ callers, victim }) => {
      const path = `/api/v1/classes/${victim.classId}/course/preview`
      const { digest } = await must(callers.owner, 'POST', path, course, bytes)
      return { ...ofClass(victim), query: { digest: String(digest) }, body: course, headers: bytes }
    },
  },
}
