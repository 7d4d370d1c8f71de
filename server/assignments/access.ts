import type { Assignment, AssignmentExtension } from '../../prisma/generated/client.js'
import { assertExamsAdmit } from '../auth/exams.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type ClassAction, personIn, type Seat, seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'

/** An assignment, the class that it is of, and what the caller is there. */
export interface Found extends Seat {
  readonly assignment: Assignment
  /** Of the caller. */
  readonly extension: AssignmentExtension | undefined
}

/**
 * The assignment that a call names, for whoever is in its class. Students find what is published.
 * @throws ApiError `not_found`, the same for what is not there and for what is not theirs; `forbidden`
 */
export async function findAssignment(
  database: Database,
  who: Principal,
  action: ClassAction,
  id: string,
): Promise<Found> {
  assertMay(who, action)
  assertExamsAdmit(who, id)
  const found = await database.prisma.assignment.findFirst({
    where: { id, tenantId: who.tenantId },
    include: { extensions: { where: { student: { userId: personIn(who) ?? '' } } } },
  })
  if (found === null) throw notFound('assignment')
  const { extensions, ...assignment } = found
  const seat = await seatIn(database, who, action, assignment.classId).catch((error: unknown) => {
    throw error instanceof ApiError && error.code === 'not_found' ? notFound('assignment') : error
  })
  if (seat.role === 'student' && !assignment.published) throw notFound('assignment')
  return { ...seat, assignment, extension: extensions[0] }
}
