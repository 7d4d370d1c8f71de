import { z } from 'zod'
import { classParams } from './classes.js'
import { classStudentId, sandboxId, snapshotId } from './ids.js'

/** A student by their place in the class; by their account also when they have left it. */
export const dataParams = classParams.extend({
  studentId: z
    .union([classStudentId, z.string().min(1).max(64).regex(/^\w+$/, 'is not an id of a student')])
    .describe('of the class, or of the account of somebody who has left the class'),
})

/** `GET /classes/{id}/students/{studentId}/deletion`: what deleting the data of a student would delete. */
export const studentDataDeletion = z.object({
  student: z.object({
    id: classStudentId.nullable().describe('null when they have left the class'),
    userId: z.string().nullable(),
    name: z.string(),
  }),
  work: z.number().describe('assignments that they have begun, with what is known of their steps'),
  submissions: z.number(),
  submissionBytes: z.number(),
  gradings: z.number().describe('results of tests'),
  grades: z.number().describe('points and comments that people gave'),
  exams: z.number().describe('exams that they have begun, with what was kept of their work'),
  examEvents: z.number(),
  activeDays: z.number().describe('rows with minutes, of an assignment and a day'),
  lessons: z.number().describe('lessons and messages of lessons that name them'),
  extensions: z.number(),
  sandboxes: z
    .array(z.object({ id: sandboxId, name: z.string() }))
    .describe('made for assignments of the class'),
  snapshots: z.array(z.object({ id: snapshotId, name: z.string() })).describe('of these sandboxes'),
})
export type StudentDataDeletion = z.infer<typeof studentDataDeletion>

/** Body of `POST /classes/{id}/students/{studentId}/deletion`. */
export const deleteStudentData = z.strictObject({
  confirm: z.string().min(1).max(200).describe('the name or the id of the student, against mistakes'),
})
export const studentDataDeleted = studentDataDeletion.omit({ student: true })
