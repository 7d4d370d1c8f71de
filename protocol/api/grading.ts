import { z } from 'zod'
import { assignmentParams, gradeState } from './assignments.js'
import { storableText } from './bounds.js'
import { assignmentId, classStudentId, gradingId, submissionId } from './ids.js'
import { listOf } from './lists.js'
import { chosenLevels, gradedCriterion } from './rubrics.js'
import { submission } from './submissions.js'

/** How one test went. */
export const gradedTestStatus = z
  .enum(['passed', 'failed', 'setup_failed', 'time_limit', 'limit', 'no_decision'])
  .describe(
    '`failed`: another output or exit status, or the judge says so, who may give a part of the points; `limit`: of memory, output and so on; `no_decision`: the judge failed, or its report cannot be read',
  )
/** One of the tests that the report of a judge tells of. */
export const gradedPart = z.object({
  name: z.string(),
  passed: z.boolean(),
  skipped: z.boolean(),
  points: z.number().nullable().describe('as the report gives them; null: it gives none'),
  maxPoints: z.number().nullable(),
  message: z.string().nullable().describe('why it failed, its beginning'),
})
export type GradedPart = z.infer<typeof gradedPart>
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
  parts: z
    .array(gradedPart)
    .nullable()
    .describe('of the report of a judge, the first 200; null: there is none; for students as `message`'),
  judgeOutput: z
    .string()
    .nullable()
    .describe(
      'what the judge printed to stderr, its beginning; null for students: it may quote hidden files',
    ),
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
export const setGrade = z
  .strictObject({
    points: z
      .number()
      .min(0)
      .max(1_000_000)
      .nullable()
      .optional()
      .describe('null: those of the tests again; left out with `levels`'),
    levels: chosenLevels.optional(),
    comment: storableText(4096).default('').describe('the student reads it'),
  })
  .refine(
    ({ points, levels }) => (points === undefined) !== (levels === undefined),
    'must have either points or levels',
  )
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
    .object({
      ...{ points: z.number(), comment: z.string(), by: z.string().nullable(), at: z.iso.datetime() },
      levels: z
        .array(gradedCriterion)
        .nullable()
        .describe('of the rubric, as they were chosen; null: points without them'),
    })
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
      levels: z.array(gradedCriterion).nullable(),
      by: z.string(),
      at: z.iso.datetime(),
    }),
  ),
})
export type GivenGrades = z.infer<typeof givenGrades>

/** Bounds of a file with points. */
export const gradebookBounds = { bytes: 4 * 1024 * 1024, rows: 5000, changes: 20_000 } as const

/** Query of `POST /classes/{id}/gradebook`. */
export const applyGradebook = z.object({
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is not the digest of a preview')
    .describe('of the preview'),
})

export const gradebookChange = z.object({
  line: z.number().describe('of the file, from 1'),
  student: z.object({ id: classStudentId, userId: z.string(), name: z.string() }),
  assignment: assignmentId,
  title: z.string(),
  from: z.number().nullable().describe('what counts now'),
  to: z.number(),
})
export type GradebookChange = z.infer<typeof gradebookChange>

/** What importing a file with points would do. */
export const gradebookPreview = z.object({
  digest: z.string().describe('stands for all of this: `POST /classes/{id}/gradebook` does it or refuses'),
  rows: z.number().describe('students in the file'),
  changed: z.array(gradebookChange),
  unchanged: z.number().describe('cells that say what counts already'),
  ignored: z.array(z.string()).describe('headings of columns that are no assignment of the class'),
  problems: z.array(
    z.object({
      line: z.number().describe('of the file, from 1; what it is about is left out'),
      problem: z.string(),
    }),
  ),
})
export type GradebookPreview = z.infer<typeof gradebookPreview>

export const gradebookApplied = z.object({ changed: z.number(), unchanged: z.number() })
export type GradebookApplied = z.infer<typeof gradebookApplied>
