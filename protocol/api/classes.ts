import { z } from 'zod'
import { classId, classPartId, classStudentId } from './ids.js'
import { listOf, page } from './lists.js'
import { timeZone } from './pools.js'
import { displayName } from './sandbox.js'
import { changeStudentQuota, studentQuotaSaid } from './student-quota.js'
import { textWithoutNul } from './text.js'

/** Bounds of classes. */
export const classBounds = {
  /** Of one tenant. */
  classes: 500,
  /** Of one tenant, in all of its classes together: somebody who is in two counts twice. */
  enrolments: 25_000,
  /** Of one class. */
  sections: 100,
  groups: 1000,
  staff: 100,
  students: 5000,
  /** Open ones, by which students join. */
  links: 50,
} as const

/** What somebody who teaches is in a class. */
export const classStaffRole = z.enum(['teacher', 'assistant'])
export type ClassStaffRole = z.infer<typeof classStaffRole>

/** What the caller is in a class: `admin` is an owner or admin of the tenant, who may do everything in all of them. */
export const classRole = z.enum(['admin', 'teacher', 'assistant', 'student'])
export type ClassRole = z.infer<typeof classRole>

/** Body of `POST /classes`. */
export const createClass = z.strictObject({
  name: displayName,
  timeZone: timeZone.default('UTC').describe('of the times of the class, such as Europe/Berlin'),
})
export type CreateClass = z.infer<typeof createClass>

/** Body of `PATCH /classes/{id}`. What is left out stays. */
export const changeClass = z.strictObject({
  name: displayName.optional(),
  timeZone: timeZone.optional(),
  archived: z.boolean().optional().describe('nobody joins an archived class, and its work stays'),
  studentQuota: changeStudentQuota
    .optional()
    .describe('what one of its students may have at once; null is what the tenant says'),
  studentTimes: z
    .boolean()
    .optional()
    .describe('staff are shown minutes of each student, if the operator allows it; students are told'),
})
export type ChangeClass = z.infer<typeof changeClass>

/** A section or a group. */
export const classPart = z.object({
  id: classPartId,
  name: z.string(),
  students: z.number().describe('how many are in it; 0 for students, who are not told'),
})
export type ClassPart = z.infer<typeof classPart>

export const classStaff = z.object({
  userId: z.string().nullable().describe('null for students, who are told the name only'),
  name: z.string(),
  email: z.string().nullable().describe('null for students'),
  role: classStaffRole,
})
export type ClassStaff = z.infer<typeof classStaff>

/** A class as its staff see it; a student sees no more than their own section and group, and who teaches. */
export const classDescription = z.object({
  id: classId,
  name: z.string(),
  timeZone: z.string(),
  archived: z.boolean(),
  role: classRole.describe('what the caller is in it'),
  students: z.number().nullable().describe('how many there are; null for students'),
  staff: z.array(classStaff),
  sections: z.array(classPart).describe('of a student: the own one'),
  groups: z.array(classPart).describe('of a student: the own one'),
  studentQuota: studentQuotaSaid
    .nullable()
    .describe(
      'what one of its students may have at once; null for students, who find theirs in `GET /quota`',
    ),
  studentTimes: z
    .object({
      on: z.boolean().describe('staff are to be shown minutes of each student'),
      allowed: z.boolean().describe('by the operator: while it is false, nobody is shown any'),
    })
    .describe('who works how long'),
  createdAt: z.iso.datetime(),
})
export type ClassDescription = z.infer<typeof classDescription>
export const classList = listOf(
  classDescription.omit({
    staff: true,
    sections: true,
    groups: true,
    studentQuota: true,
    studentTimes: true,
  }),
)
export type ClassSummary = z.infer<typeof classList>['items'][number]
export const classPage = page
export const classParams = z.object({ id: classId })
export const partParams = classParams.extend({ partId: classPartId })
export const partName = z.strictObject({ name: displayName })

export const staffParams = classParams.extend({ userId: z.string().max(64) })
export const setStaff = z.strictObject({ role: classStaffRole })

/** What the school knows a student by. */
export const studentNumber = displayName

const section = classPartId.nullable().optional().describe('null or absent: in none')
const group = classPartId.nullable().optional().describe('null or absent: in none')

/** Body of `POST /classes/{id}/students`. */
export const addStudent = z.strictObject({
  name: displayName,
  email: z
    .email()
    .max(254)
    .optional()
    .describe(
      'who joins with this address by a link or the code of the class is this student; absent: an account is made',
    ),
  number: studentNumber.optional().describe('what the school knows them by; unique in the class'),
  section,
  group,
})
export type AddStudent = z.infer<typeof addStudent>

/** Body of `PATCH /classes/{id}/students/{studentId}`. What is left out stays. */
export const changeStudent = z.strictObject({
  name: displayName.optional(),
  number: studentNumber.nullable().optional(),
  section: classPartId.nullable().optional(),
  group: classPartId.nullable().optional(),
})
export type ChangeStudent = z.infer<typeof changeStudent>

export const classStudent = z.object({
  id: classStudentId,
  userId: z.string().nullable().describe('null until they have joined'),
  name: z.string(),
  number: z.string().nullable(),
  email: z.string().nullable(),
  signInName: z.string().nullable().describe('of a student without an e-mail address'),
  state: z
    .enum(['expected', 'joined', 'no_card', 'card'])
    .describe('`no_card`, `card`: an account without an e-mail address, without or with a code'),
  section: classPartId.nullable(),
  group: classPartId.nullable(),
  joinedAt: z.iso.datetime().nullable(),
})
export type ClassStudent = z.infer<typeof classStudent>
export const classStudentList = listOf(classStudent)
export const studentParams = classParams.extend({ studentId: classStudentId })
export const studentPage = page.extend({
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  search: textWithoutNul(100).optional().describe('part of a name, number, e-mail address or sign-in name'),
  section: classPartId.optional(),
  group: classPartId.optional(),
})
export type StudentPage = z.infer<typeof studentPage>

/** Body of `POST /classes/{id}/invitations`: a link with a code for students of the class. */
export const inviteToClass = z.strictObject({
  section: classPartId
    .optional()
    .describe('whoever joins by it is in this section, unless the roster says another'),
  maxUses: z.int().min(1).max(1000).default(100),
  expiresInSeconds: z
    .int()
    .min(60)
    .max(180 * 24 * 3600)
    .default(7 * 24 * 3600),
})
export type InviteToClass = z.infer<typeof inviteToClass>
export const invitationParams = classParams.extend({ invitationId: z.string().max(64) })

/** Bounds of a file with a roster. */
export const rosterBounds = { bytes: 4 * 1024 * 1024, rows: classBounds.students } as const

const remove = z
  .enum(['true', 'false'])
  .default('false')
  .describe('whether students who are not in the file are taken out of the class')

/** Query of `POST /classes/{id}/roster/preview`. */
export const previewRoster = z.object({ remove })
/** Query of `POST /classes/{id}/roster`. */
export const applyRoster = z.object({
  remove,
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not the digest of a preview')
    .describe('of the preview'),
})

export const rosterProblem = z.object({
  line: z.number().describe('of the file, from 1; it is left out'),
  problem: z.string(),
})
export type RosterProblem = z.infer<typeof rosterProblem>

export const rosterStudent = z.object({
  ...{ line: z.number(), name: z.string(), number: z.string().nullable(), email: z.string().nullable() },
  ...{ section: z.string().nullable(), group: z.string().nullable() },
  account: z.boolean().describe('whether an account is made, for there is no e-mail address'),
})

export const rosterChange = z.object({
  line: z.number(),
  id: z.string(),
  name: z.string(),
  changes: z.array(
    z.object({
      field: z.enum(['name', 'number', 'email', 'section', 'group']),
      from: z.string().nullable(),
      to: z.string().nullable(),
    }),
  ),
})
export type RosterChange = z.infer<typeof rosterChange>

/** What importing a roster would do. */
export const rosterPreview = z.object({
  digest: z.string().describe('stands for all of this: `POST /classes/{id}/roster` does it or refuses'),
  rows: z.number().describe('students in the file'),
  added: z.array(rosterStudent),
  changed: z.array(rosterChange),
  unchanged: z.number(),
  removed: z.array(z.object({ id: z.string(), name: z.string() })),
  sections: z.array(z.string()).describe('that are new'),
  groups: z.array(z.string()).describe('that are new'),
  problems: z.array(rosterProblem),
})
export type RosterPreview = z.infer<typeof rosterPreview>

export const rosterApplied = z.object({
  ...{ added: z.number(), changed: z.number(), removed: z.number(), unchanged: z.number() },
})
export type RosterApplied = z.infer<typeof rosterApplied>

/** Body of `POST /classes/{id}/cards`. */
export const makeCards = z.strictObject({ students: z.array(classStudentId).min(1).max(50) })

/** What a student without an e-mail address signs in with. It is told once. */
export const signInCard = z.object({
  student: classStudentId,
  name: z.string(),
  signInName: z.string(),
  code: z.string(),
  url: z.string().describe('signs in with one click; the code stands behind `#`, where no log sees it'),
})
export type SignInCard = z.infer<typeof signInCard>
export const signInCards = z.object({ cards: z.array(signInCard) })
