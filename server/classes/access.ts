import type { Class } from '../../prisma/generated/client.js'
import { type ClassRole, classRole } from '../../protocol/api/index.js'
import { type Action, assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { forbidden, notFound } from '../errors.js'

/** What is asked of a class, and who of it may: a teacher may what an assistant may, and an admin all. */
const roles = {
  'class.read': ['admin', 'teacher', 'assistant', 'student'],
  'class.look': ['admin', 'teacher', 'assistant'],
  'class.help': ['admin', 'teacher', 'assistant'],
  'class.teach': ['admin', 'teacher'],
  'class.study': ['student'],
  'class.delete': ['admin'],
  'class.staff': ['admin'],
  'student_data.read': ['admin', 'teacher', 'student'],
  'student_data.delete': ['admin', 'teacher'],
} as const satisfies Partial<Record<Action, readonly ClassRole[]>>
export type ClassAction = keyof typeof roles

/** The person that decides about a caller in classes: of a key, who made it. */
export const personIn = ({ userId, sight }: Principal): string | null => userId ?? sight.of

/** Owners and admins of the tenant, their keys, and those of the installation. */
export const isAdmin = ({ kind, role, readsAdministration }: Principal): boolean =>
  kind === 'user' ? role === 'owner' || role === 'admin' : readsAdministration

/** A class and what the caller is in it. */
export interface Seat {
  readonly row: Class
  readonly role: ClassRole
}

/**
 * The class that a call names, for whoever is in it.
 *
 * @throws ApiError `not_found` when it is another tenant's, or the caller is not in it; `forbidden` when the caller is, and may not
 */
export async function seatIn(
  database: Database,
  who: Principal,
  action: ClassAction,
  id: string,
): Promise<Seat> {
  assertMay(who, action)
  const row = await database.prisma.class.findFirst({
    where: { id, tenantId: who.tenantId },
    include: { members: { where: { userId: personIn(who) ?? '' }, select: { role: true } } },
  })
  if (row === null) throw notFound('class')
  const { members, ...own } = row
  const role = isAdmin(who) ? 'admin' : classRole.safeParse(members[0]?.role).data
  // A key made by nobody in particular is an admin's; one of a student does not exist.
  if (role === undefined) throw notFound('class')
  const allowed: readonly ClassRole[] = roles[action]
  if (!allowed.includes(role)) {
    throw forbidden(
      allowed.includes('teacher')
        ? 'only teachers of this class can do this'
        : 'only owners and admins of the tenant can do this',
    )
  }
  return { row: own, role }
}
