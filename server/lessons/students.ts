import { z } from 'zod'
import { storedProgress } from '../assignments/work-rows.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { type Found, isRunning } from './access.js'

/** Of one class, in one answer. */
const most = 1000

const row = z.object({
  ...{ id: z.string(), userId: z.string().nullable(), name: z.string(), number: z.string().nullable() },
  ...{ sectionId: z.string().nullable(), groupId: z.string().nullable() },
  ...{ handUpAt: z.date().nullable(), frozen: z.boolean() },
  ...{ progress: storedProgress.nullable(), checkedAt: z.date().nullable() },
  ...{ sandboxId: z.string().nullable(), sandboxName: z.string().nullable(), nodeId: z.string().nullable() },
  ...{ sandboxState: z.string().nullable(), asleep: z.string().nullable(), activeAt: z.date().nullable() },
})
export type StudentRow = z.infer<typeof row>

/**
 * The students of a lesson by name, each with what the lesson knows of them and with the sandbox that it is about: of the
 * assignment, or without one that which was used last.
 */
const select = `
  SELECT one.id, one."userId", one.name, one.number, one."sectionId", one."groupId", said."handUpAt",
    coalesce(said.frozen, $4) AS frozen, work.steps AS progress, work."checkedAt",
    box.id AS "sandboxId", box.name AS "sandboxName", box."nodeId", box.state AS "sandboxState", box.asleep, box."activeAt"
  FROM class_member AS one
  LEFT JOIN lesson_student AS said ON said."lessonId" = $1 AND said."studentId" = one.id
  LEFT JOIN assignment_work AS work ON work."assignmentId" = $3 AND work."userId" = one."userId"
  LEFT JOIN LATERAL (
    SELECT id, name, "nodeId", state, asleep, "activeAt" FROM sandbox
    WHERE "tenantId" = one."tenantId" AND "ownerId" = one."userId" AND "ownerId" <> '' AND "deletedAt" IS NULL
      AND ($3::TEXT IS NULL OR (id = work."sandboxId" AND work.ready))
    ORDER BY state IN ('running', 'paused') DESC, "activeAt" DESC, id LIMIT 1) AS box ON true
  WHERE one."classId" = $2 AND one.role = 'student' AND ($5::TEXT[] IS NULL OR one.id = ANY($5))
  ORDER BY lower(one.name), one.id LIMIT ${most}`

/**
 * @param only the ids of students; all of the class without
 * @throws ApiError `invalid_request` when one of them is not in the class
 */
export async function studentsOf(
  { pool }: Database,
  { lesson, row: { id: classId } }: Pick<Found, 'lesson' | 'row'>,
  only?: readonly string[],
): Promise<StudentRow[]> {
  const { rows } = await pool.query({
    name: 'students-of-lesson',
    text: select,
    values: [lesson.id, classId, lesson.assignmentId, lesson.frozen && isRunning(lesson), only ?? null],
  })
  const found = z.array(row).parse(rows)
  requireAll(found, only)
  return found
}

/** @throws ApiError `invalid_request` that names who is not in the class */
export function requireAll(
  found: readonly { readonly id: string }[],
  only: readonly string[] | undefined,
): void {
  const ids = new Set(found.map(({ id }) => id))
  const missing = only?.find((id) => !ids.has(id))
  if (missing !== undefined) {
    throw new ApiError('invalid_request', `students: ${missing} is not a student of this class`)
  }
}
