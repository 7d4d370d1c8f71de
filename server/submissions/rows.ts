import { z } from 'zod'
import type { Submission } from '../../protocol/api/index.js'
import { presentTime } from '../classes/wall-clock.js'

/** What is read of a submission, with what decides about it. */
export const submissionRow = z.object({
  ...{ id: z.string(), assignmentId: z.string(), userId: z.string(), studentName: z.string() },
  ...{ number: z.number(), at: z.date(), digest: z.string(), files: z.number(), bytes: z.number() },
  ...{ title: z.string(), latePercent: z.number().nullable(), classId: z.string(), className: z.string() },
  ...{ timeZone: z.string(), placeId: z.string().nullable(), placeName: z.string().nullable() },
  ...{ due: z.date().nullable(), counts: z.boolean() },
})
export type SubmissionRow = z.infer<typeof submissionRow>

/**
 * Submissions with the due time of their student as it is now, and whether each is the one that counts: the last that came in time or,
 * where none did, the last.
 * @param where of `one` (the submission) and `task` (its assignment)
 */
export const standingOf = (where: string): string => `
  SELECT *, id = first_value(id) OVER (PARTITION BY "assignmentId", "userId"
    ORDER BY (due IS NULL OR at <= due) DESC, at DESC, number DESC) AS counts
  FROM (
    SELECT one.*, task.title, task."latePercent", task."classId", class.name AS "className", class."timeZone",
      place.id AS "placeId", place.name AS "placeName",
      CASE WHEN task."dueAt" IS NOT NULL THEN greatest(task."dueAt", more."dueAt") END AS due
    FROM submission AS one JOIN assignment AS task ON task.id = one."assignmentId" JOIN class ON class.id = task."classId"
    LEFT JOIN class_member AS place
      ON place."classId" = task."classId" AND place."userId" = one."userId" AND place.role = 'student'
    LEFT JOIN assignment_extension AS more ON more."assignmentId" = task.id AND more."studentId" = place.id
    WHERE ${where}
  ) AS each`

const dayMs = 86_400_000

/** How late something is. @returns null when it is in time */
export function latenessOf(
  at: Date,
  due: Date | null,
  latePercent: number | null,
): { days: number; percent: number } | null {
  if (due === null || at <= due) return null
  const days = Math.ceil((at.getTime() - due.getTime()) / dayMs)
  return { days, percent: Math.min(100, days * (latePercent ?? 0)) }
}

export function present(row: SubmissionRow): Submission {
  const { at, local } = presentTime({ at: row.at, local: null }, row.timeZone)
  return {
    ...{ id: row.id, assignment: row.assignmentId, class: row.classId },
    student: { userId: row.userId, name: row.placeName ?? row.studentName, id: row.placeId },
    ...{ number: row.number, at: { at, local }, digest: row.digest },
    ...{ fileCount: row.files, bytes: row.bytes },
    late: latenessOf(row.at, row.due, row.latePercent),
    counts: row.counts,
  }
}
