import { z } from 'zod'
import type { Class } from '../../prisma/generated/client.js'
import type { ClassRole, ClassStudent, ClassSummary } from '../../protocol/api/index.js'

/** A class as a list has it. @param students how many are in it */
export function summarize(row: Class, role: ClassRole, students: number): ClassSummary {
  return {
    ...{ id: row.id, name: row.name, timeZone: row.timeZone, archived: row.archivedAt !== null, role },
    students: role === 'student' ? null : students,
    createdAt: row.createdAt.toISOString(),
  }
}

/** What is read of a student. */
export const studentRow = z.object({
  ...{ id: z.string(), userId: z.string().nullable(), name: z.string(), number: z.string().nullable() },
  /** Of the roster, and of the account. */
  ...{ email: z.string().nullable(), accountEmail: z.string().nullable(), username: z.string().nullable() },
  ...{ hasCode: z.boolean(), sectionId: z.string().nullable(), groupId: z.string().nullable() },
  joinedAt: z.date().nullable(),
})
export type StudentRow = z.infer<typeof studentRow>

/** Students of the class $1, before conditions and order. */
export const selectStudents = `
  SELECT one.id, one."userId", one.name, one.number, one.email, account.email AS "accountEmail", account.username,
    EXISTS (SELECT FROM account AS login WHERE login."userId" = one."userId" AND login.password IS NOT NULL) AS "hasCode",
    one."sectionId", one."groupId", one."joinedAt"
  FROM class_member AS one LEFT JOIN "user" AS account ON account.id = one."userId"
  WHERE one."classId" = $1 AND one.role = 'student'`

export function presentStudent(row: StudentRow): ClassStudent {
  const { username } = row
  return {
    ...{ id: row.id, userId: row.userId, name: row.name, number: row.number, signInName: username },
    email: username === null ? (row.accountEmail ?? row.email) : null,
    state: row.userId === null ? 'expected' : username === null ? 'joined' : row.hasCode ? 'card' : 'no_card',
    ...{ section: row.sectionId, group: row.groupId, joinedAt: row.joinedAt?.toISOString() ?? null },
  }
}
