import { own, type Rule, read, staffTheirs, theirs } from '../rules.js'
import { must, type Victim, type World } from '../world.js'
import type { Call, Row } from './row.js'

/** A member is in the classes that they were put into, and the victim's is none of them: `classes/access.test.ts` has its people. */
const notMembers = { member: 404, memberKey: 404 } as const
const inside: Rule = { ...theirs, ...notMembers }
const taught: Rule = { ...staffTheirs, ...notMembers }
/** Of owners and admins of the tenant, and their keys. */
const administered: Rule = { ...staffTheirs, member: 403, memberKey: 403 }

const ofClass = ({ classId }: Victim): Call => ({ path: { id: classId } })
const pathOf = ({ classId }: Victim) => `/api/v1/classes/${classId}`
const csv = 'Name,Number\nFrom a roster,4711\n'
const asCsv = { 'content-type': 'text/csv' }
let made = 0
/** One more of something in the class of the victim. */
const another =
  (what: 'sections' | 'groups' | 'students' | 'invitations', param: string) =>
  async ({ callers, victim }: World): Promise<Call> => {
    const body = what === 'invitations' ? {} : { name: `another ${++made}` }
    const { id } = await must(callers.owner, 'POST', `${pathOf(victim)}/${what}`, body)
    return { path: { id: victim.classId, [param]: String(id) } }
  }
const named = async (victim: Victim): Promise<Call> => ({
  ...ofClass(victim),
  body: { name: `new ${++made}` },
})
const partRows = (kind: 'Section' | 'Group'): Record<string, Row> => {
  const part = ({ classId, sectionId, groupId }: Victim): Call => ({
    path: { id: classId, partId: kind === 'Section' ? sectionId : groupId },
  })
  const fresh = another(kind === 'Section' ? 'sections' : 'groups', 'partId')
  return {
    [`createClass${kind}`]: {
      rule: taught,
      call: (victim) => ({ ...ofClass(victim), body: { name: 'new' } }),
      fresh: ({ victim }) => named(victim),
    },
    [`renameClass${kind}`]: {
      rule: taught,
      call: (victim) => ({ ...part(victim), body: { name: 'renamed' } }),
      fresh: async (world) => ({ ...(await fresh(world)), body: { name: `renamed ${++made}` } }),
    },
    [`deleteClass${kind}`]: { rule: taught, call: part, fresh },
  }
}
const pupil = ({ classId, pupilId }: Victim): Call => ({ path: { id: classId, studentId: pupilId } })
const colleague = ({ classId, colleagueId }: Victim): Call => ({ path: { id: classId, userId: colleagueId } })

/** Classes with their people. */
export const classRows: Readonly<Record<string, Row>> = {
  createClass: { rule: read, call: () => ({ body: { name: 'One more' } }) },
  listClasses: { rule: own },
  getClass: { rule: inside, call: ofClass },
  changeClass: {
    rule: taught,
    call: (victim) => ({ ...ofClass(victim), body: { timeZone: 'Asia/Shanghai' } }),
  },
  deleteClass: {
    rule: administered,
    call: ofClass,
    fresh: async ({ callers }) => {
      const { id } = await must(callers.owner, 'POST', '/api/v1/classes', { name: 'short-lived' })
      return { path: { id: String(id) } }
    },
  },
  setClassStaff: {
    rule: administered,
    call: (victim) => ({ ...colleague(victim), body: { role: 'teacher' } }),
  },
  removeClassStaff: {
    rule: administered,
    call: colleague,
    fresh: async ({ callers, victim }) => {
      const path = `${pathOf(victim)}/staff/${victim.colleagueId}`
      await must(callers.owner, 'PUT', path, { role: 'assistant' })
      return colleague(victim)
    },
  },
  ...partRows('Section'),
  ...partRows('Group'),
  listClassStudents: { rule: taught, call: ofClass },
  addClassStudent: { rule: taught, call: (victim) => ({ ...ofClass(victim), body: { name: 'Newcomer' } }) },
  changeClassStudent: { rule: taught, call: (victim) => ({ ...pupil(victim), body: { number: '17' } }) },
  removeClassStudent: { rule: taught, call: pupil, fresh: another('students', 'studentId') },
  exportStudentData: { rule: inside, call: pupil },
  previewStudentDataDeletion: { rule: taught, call: pupil },
  deleteStudentData: {
    rule: taught,
    call: (victim) => ({ ...pupil(victim), body: { confirm: victim.pupilId } }),
    fresh: async (world) => {
      const call = await another('students', 'studentId')(world)
      return { ...call, body: { confirm: String(call.path?.studentId) } }
    },
  },
  previewRoster: { rule: taught, call: (victim) => ({ ...ofClass(victim), body: csv, headers: asCsv }) },
  importRoster: {
    rule: taught,
    call: (victim) => ({ ...ofClass(victim), query: { digest: '0'.repeat(64) }, body: csv, headers: asCsv }),
    fresh: async ({ callers, victim }) => {
      const path = `${pathOf(victim)}/roster/preview`
      const { digest } = await must(callers.owner, 'POST', path, csv, asCsv)
      return { ...ofClass(victim), query: { digest: String(digest) }, body: csv, headers: asCsv }
    },
  },
  exportRoster: { rule: taught, call: ofClass },
  makeSignInCards: {
    rule: taught,
    call: (victim) => ({ ...ofClass(victim), body: { students: [victim.pupilId] } }),
  },
  inviteToClass: { rule: taught, call: (victim) => ({ ...ofClass(victim), body: {} }) },
  listClassInvitations: { rule: taught, call: ofClass },
  deleteClassInvitation: {
    rule: taught,
    call: ({ classId, classInvitationId }) => ({ path: { id: classId, invitationId: classInvitationId } }),
    fresh: another('invitations', 'invitationId'),
  },
}
