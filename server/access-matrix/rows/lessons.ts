import { z } from 'zod'
import { everybodyIs, type Rule, staffTheirs, theirs } from '../rules.js'
import { must, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

/** As for classes: a member is in those that they were put into, and the victim's is none of them. */
const notMembers = { member: 404, memberKey: 404 } as const
const inside: Rule = { ...theirs, ...notMembers }
const taught: Rule = { ...staffTheirs, ...notMembers }

/** Students alone, each what is theirs. */
const { nobody, removedKey } = theirs
const students: Rule = { ...everybodyIs(403), nobody, removedKey, student: 'ok' }
const studied: Rule = { ...students, student: 404 }

const named = ({ lessonId }: Victim): Call => ({ path: { id: lessonId } })
const ofAll = (victim: Victim): Call => ({ ...named(victim), body: {} })
const ofPupil = ({ lessonId, pupilId }: Victim): Call => ({
  path: { id: lessonId, studentId: pupilId },
})
const bytes = { 'content-type': 'application/octet-stream' }

/** A lesson of another class of the victim, which may be ended. */
const another = async ({ callers }: World): Promise<Call> => {
  const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'of a lesson' })
  const lesson = await must(callers.owner, 'POST', `/api/v1/classes/${id}/lessons`, {})
  return { path: { id: String(lesson.id) } }
}
/** A lesson of a class of the student who calls. */
const attended = async (world: World): Promise<Call> => {
  const { callers } = world
  const { user } = await must(callers.student, 'GET', '/api/v1/me')
  const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'with a lesson' })
  const pupil = { name: 'Student', email: z.object({ email: z.string() }).parse(user).email }
  await must(callers.owner, 'POST', `/api/v1/classes/${id}/students`, pupil)
  const lesson = await must(callers.owner, 'POST', `/api/v1/classes/${id}/lessons`, {})
  return { path: { id: String(lesson.id) }, as: callers.student }
}
const notEnrolled = { why: 'the student is in no class of the victim', succeeds: attended } as const

/** Live lessons of classes. */
export const lessonRows: Readonly<Record<string, Row>> = {
  startLesson: {
    rule: taught,
    call: ({ classId }) => ({ path: { id: classId }, body: {} }),
    fresh: async ({ callers }) => {
      const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'for a lesson' })
      return { path: { id: String(id) }, body: {} }
    },
  },
  listLessons: { rule: inside, call: ({ classId }) => ({ path: { id: classId } }) },
  getTimetable: { rule: taught, call: ({ classId }) => ({ path: { id: classId } }) },
  setTimetable: {
    rule: taught,
    call: ({ classId }) => ({
      ...{ path: { id: classId }, body: { lessons: [{ day: 'tuesday', at: '09:50' }] } },
    }),
  },
  listOwnLessons: { rule: students },
  getLesson: { rule: inside, call: named },
  endLesson: { rule: taught, call: named, fresh: another },
  listLessonStudents: { rule: taught, call: named },
  lookAtLessonScreens: { rule: taught, call: ofAll },
  showTerminal: {
    rule: taught,
    call: (victim) => ({
      ...{ ...named(victim), body: { sandbox: victim.sandboxId, terminal: victim.terminalId } },
    }),
  },
  stopShowingTerminal: { rule: taught, call: named },
  raiseHand: { rule: studied, call: named, ...notEnrolled },
  lowerHand: { rule: studied, call: named, ...notEnrolled },
  lowerHandOfStudent: { rule: taught, call: ofPupil },
  sendLessonMessage: {
    rule: taught,
    call: (victim) => ({ ...named(victim), body: { text: 'confidential' } }),
  },
  listLessonMessages: { rule: taught, call: named },
  freezeStudents: {
    rule: taught,
    call: ofAll,
    fresh: async (world) => ({ ...(await another(world)), body: {} }),
  },
  thawStudents: { rule: taught, call: ofAll },
  pushFile: {
    rule: taught,
    call: (victim) => ({
      ...{ ...named(victim), query: { path: 'confidential' }, body: 'confidential', headers: bytes },
    }),
    fresh: async (world) => ({
      ...{ ...(await another(world)), query: { path: 'confidential' }, body: 'x', headers: bytes },
    }),
  },
  resetStudents: {
    rule: taught,
    call: ofAll,
    fresh: async ({ callers }) => {
      const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'to reset' })
      const path = `/api/v1/classes/${id}`
      const task = await must(callers.owner, 'POST', `${path}/assignments`, { title: 'To reset' })
      const lesson = await must(callers.owner, 'POST', `${path}/lessons`, { assignment: task.id })
      return { path: { id: String(lesson.id) }, body: {} }
    },
  },
}
