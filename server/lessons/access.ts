import type { Lesson as Row } from '../../prisma/generated/client.js'
import type { Lesson } from '../../protocol/api/index.js'
import { assertMay } from '../auth/permissions.js'
import type { Principal } from '../auth/principal.js'
import { type ClassAction, type Seat, seatIn } from '../classes/access.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'

/** A lesson, its assignment, the class that it is of, and what the caller is there. */
export interface Found extends Seat {
  readonly lesson: Row
  readonly assignment: Assignment | null
}
type Assignment = Readonly<{ id: string; title: string; published: boolean; steps: unknown }>

/** What is read of the assignment of a lesson. */
export const withAssignment = {
  assignment: { select: { id: true, title: true, published: true, steps: true } },
} as const

/**
 * The lesson that a call names, for whoever is in its class.
 * @throws ApiError `not_found`, the same for what is not there and for what is not theirs; `forbidden`
 */
export async function findLesson(
  database: Database,
  who: Principal,
  action: ClassAction,
  id: string,
): Promise<Found> {
  assertMay(who, action)
  const found = await database.prisma.lesson.findFirst({
    where: { id, tenantId: who.tenantId },
    include: withAssignment,
  })
  if (found === null) throw notFound('lesson')
  const { assignment, ...lesson } = found
  const seat = await seatIn(database, who, action, lesson.classId).catch((error: unknown) => {
    throw error instanceof ApiError && error.code === 'not_found' ? notFound('lesson') : error
  })
  return { ...seat, lesson, assignment }
}

export const isRunning = ({ endedAt, endsAt }: Row): boolean => endedAt === null && endsAt > new Date()

/** @throws ApiError `conflict` when it has ended; `not_found` */
export async function findRunning(
  database: Database,
  who: Principal,
  action: ClassAction,
  id: string,
): Promise<Found> {
  const found = await findLesson(database, who, action, id)
  if (!isRunning(found.lesson)) throw new ApiError('conflict', 'this lesson has ended; start a new one')
  return found
}

/** A lesson as people see it. @param frozen whether the caller is, as a student */
export function present(
  { lesson, row, role, assignment }: Pick<Found, 'lesson' | 'row' | 'role' | 'assignment'>,
  frozen = lesson.frozen,
): Lesson {
  const { id, startedBy, startedAt, endsAt, endedAt } = lesson
  const isShown = assignment !== null && (role !== 'student' || assignment.published)
  const over = isRunning(lesson) ? null : (endedAt ?? endsAt)
  return {
    id,
    class: { id: row.id, name: row.name },
    assignment: isShown ? { id: assignment.id, title: assignment.title } : null,
    startedBy: role === 'student' ? null : startedBy,
    startedAt: startedAt.toISOString(),
    endsAt: endsAt.toISOString(),
    endedAt: over?.toISOString() ?? null,
    frozen: over === null && frozen,
  }
}
