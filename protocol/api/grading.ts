import { z } from 'zod'
import { assignmentParams, gradeState } from './assignments.js'
import { storableText } from './bounds.js'
import { assignmentId, classStudentId, gradingId, submissionId } from './ids.js'
import { listOf } from './lists.js'
import { submission } from './submissions.js'

/** How one test went. */
export const gradedTestStatus = z
  .enum(['passed', 'failed', 'setup_failed', 'time_limit', 'limit', 'not_run'])
  .describe(
    '`failed`: another output or exit status; `limit`: of memory, output and so on; `not_run`: a test of the kind `grader`',
  )
export const gradedTest = z.object({
  id: z.string(),
  name: z.string().nullable().describe('null for students unless the test is `visible`'),
  status: gradedTestStatus,
  points: z.number(),
  maxPoints: z.number(),
  message: z.string().nullable().describe('null for students unless the test is `visible: all`'),
  output: z
    .string()
    .nullable()
    .describe('what the program printed, its beginning; for students as `message`'),
  wallMs: z.number(),
})
export type GradedTest = z.infer<typeof gradedTest>

export const gradingState = z.enum(['queued', 'running', 'finished', 'failed', 'canceled'])
/** One time that the tests of an assignment were run with a submission. Each is kept. */
export const grading = z.object({
  id: gradingId,
  submission: submissionId,
  state: gradingState.describe('`failed`: it could not be run, which says nothing of the submission'),
  points: z.number().nullable(),
  maxPoints: z.number().nullable(),
  tests: z
    .array(gradedTest)
    .nullable()
    .describe('null until it has finished, and for students whom nothing is shown'),
  message: z.string().nullable(),
  createdAt: z.iso.datetime(),
  finishedAt: z.iso.datetime().nullable(),
})
export type Grading = z.infer<typeof grading>
export const gradingList = z.object({ items: z.array(grading).describe('newest first; at most 100') })

/** Body of `POST /assignments/{id}/gradings`. */
export const gradeAll = z.strictObject({
  which: z
    .enum(['counting', 'ungraded', 'all'])
    .default('counting')
    .describe(
      '`counting`: the submissions that count; `ungraded`: those of them without a result; `all`: former ones too',
    ),
})
export const gradingCount = z.object({ count: z.number() })

/** Points that a person gives, in the place of those of the tests. */
export const setGrade = z.strictObject({
  points: z.number().min(0).max(1_000_000).nullable().describe('null: those of the tests again'),
  comment: storableText(4096).default('').describe('the student reads it'),
})
export const gradeParams = assignmentParams.extend({ userId: z.string().max(64) })

/** What a student has for an assignment. */
export const grade = z.object({
  assignment: assignmentId,
  student: z.object({ userId: z.string(), name: z.string() }),
  submission: submissionId.nullable().describe('the one that counts; null: nothing was handed in'),
  handedIn: submission
    .pick({ number: true, at: true, late: true })
    .nullable()
    .describe('what the submission that counts says of itself'),
  state: gradeState,
  tested: z.number().nullable().describe('points of the tests'),
  given: z
    .object({ points: z.number(), comment: z.string(), by: z.string().nullable(), at: z.iso.datetime() })
    .nullable()
    .describe('by a person, with no penalty for what is late; `by` is null for students'),
  latePercent: z.number().describe('taken from what was tested'),
  points: z.number().nullable().describe('what counts'),
  maxPoints: z.number(),
})
export type Grade = z.infer<typeof grade>
export const gradeList = listOf(grade)

/** `GET /classes/{id}/gradebook`. */
export const gradebook = z.object({
  assignments: z.array(z.object({ id: assignmentId, title: z.string(), maxPoints: z.number() })),
  students: z
    .array(
      z.object({
        id: classStudentId,
        userId: z.string().nullable().describe('null until they have joined'),
        name: z.string(),
        number: z.string().nullable(),
        grades: z
          .array(
            z.object({
              ...{ points: z.number().nullable(), state: grade.shape.state, given: z.boolean() },
              submission: grade.shape.submission,
            }),
          )
          .describe('in the order of the assignments'),
        total: z.number().describe('of all that have points'),
      }),
    )
    .describe('by name'),
})
export type Gradebook = z.infer<typeof gradebook>

/** Each time that a person gave points. */
export const givenGrades = z.object({
  items: z.array(
    z.object({
      points: z.number().nullable(),
      comment: z.string(),
      by: z.string(),
      at: z.iso.datetime(),
    }),
  ),
})
export type GivenGrades = z.infer<typeof givenGrades>
