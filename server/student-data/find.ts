import type { Principal } from '../auth/principal.js'
import { type ClassAction, type Seat, seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { notFound } from '../errors.js'

/** A student of a class, or somebody who has left it and whose work is there. */
export interface FoundStudent extends Seat {
  /** Null of somebody who has left. */
  readonly placeId: string | null
  /** Null of somebody who is expected. */
  readonly userId: string | null
  readonly name: string
}

/** Whose work for the class `$1` is there without a place in it. */
const left = `
  SELECT one."userId", "user".name FROM (
    SELECT work."userId" FROM assignment_work AS work JOIN assignment AS task ON task.id = work."assignmentId"
    WHERE task."classId" = $1 AND work."userId" = $2
    UNION SELECT one."userId" FROM submission AS one JOIN assignment AS task ON task.id = one."assignmentId"
    WHERE task."classId" = $1 AND one."userId" = $2
    UNION SELECT one."userId" FROM grade AS one JOIN assignment AS task ON task.id = one."assignmentId"
    WHERE task."classId" = $1 AND one."userId" = $2
  ) AS one JOIN "user" ON "user".id = one."userId" LIMIT 1`

/**
 * The student whom a call names by their place in the class or by their account. A student finds themselves.
 * @throws ApiError `not_found`, the same for who is not there and for a classmate; `forbidden`
 */
export async function findStudent(
  database: Database,
  who: Principal,
  action: ClassAction,
  classId: string,
  studentId: string,
): Promise<FoundStudent> {
  const { prisma, pool } = database
  const seat = await seatIn(database, who, action, classId)
  const place = await prisma.classMember.findFirst({
    where: { classId, role: 'student', OR: [{ id: studentId }, { userId: studentId }] },
  })
  if (seat.role === 'student' && (place === null || place.userId !== who.userId)) throw notFound('student')
  if (place !== null) {
    return { ...seat, placeId: place.id, userId: place.userId, name: place.name }
  }
  const { rows } = await pool.query<{ userId: string; name: string }>(left, [classId, studentId])
  if (rows[0] === undefined) throw notFound('student')
  return { ...seat, placeId: null, ...rows[0] }
}
