import { z } from 'zod'
import { assignmentTest, assignmentTestBounds, oneLine, pathBelow, shellCommand } from './assignment-tests.js'
import { storableText, utf8Bytes } from './bounds.js'
import { assignmentExam } from './exam.js'
import {
  assignmentId,
  classId,
  classPartId,
  classStudentId,
  sandboxId,
  snapshotId,
  submissionId,
} from './ids.js'
import { limitsRequest } from './limits.js'
import { listOf, page } from './lists.js'
import { networkPolicy } from './network.js'
import { rubric } from './rubrics.js'
import { templateName } from './sandbox.js'

/** Bounds of assignments. */
export const assignmentBounds = {
  /** Of one class. */
  assignments: 200,
  textBytes: 256 * 1024,
  steps: 50,
  ...assignmentTestBounds,
  /** Of one assignment, starter and hidden files together. */
  files: 2000,
  filesBytes: 16 * 1024 * 1024,
  /** Of all assignments of a tenant. */
  tenantBytes: 1024 * 1024 * 1024,
  readOnly: 200,
} as const

export const assignmentTitle = oneLine(120)

/** A time as somebody gives it: with an offset, or by the clocks of the class. */
export const givenTime = z
  .string()
  .max(40)
  .pipe(z.iso.datetime({ local: true, offset: true }))
  .refine((text) => /^2\d{3}/.test(text), 'must be in the years 2000 to 2999')
  .describe(
    'with an offset, such as `2026-12-01T23:59:00+01:00`, or by the clocks of the class, such as `2026-12-01T23:59`',
  )

/** A time as it is answered. */
export const classTime = z.object({
  at: z.iso.datetime(),
  local: z.string().describe('by the clocks of the class, such as `2026-12-01T23:59`'),
  byClock: z
    .boolean()
    .describe(
      'it was given by the clocks of the class, and keeps its wall clock when the class changes its time zone',
    ),
})
export type ClassTime = z.infer<typeof classTime>

const percentPerDay = z
  .number()
  .min(0)
  .max(100)
  .describe('lost for each day, or part of one, after the due time')

/** A file of an assignment: from the home directory of the student, or of the tests. */
export const assignmentPath = pathBelow(1024)

/** What the workspace of a student is made from, before the starter files are put into it. */
export const assignmentSource = z.union([
  z.strictObject({ template: templateName }),
  z.strictObject({ snapshot: snapshotId.describe('of the tenant; of no student') }),
])
export type AssignmentSource = z.infer<typeof assignmentSource>

/** A part of the way through an assignment. */
export const assignmentStep = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'must be small letters, digits and hyphens, at most 40'),
  title: oneLine(200),
  check: z
    .strictObject({ command: shellCommand, timeoutSeconds: z.int().min(1).max(60).default(10) })
    .optional()
    .describe('ticks the step when it exits with 0, in the sandbox of the student; a help, not a grade'),
})
export type AssignmentStep = z.infer<typeof assignmentStep>

const distinct = (items: readonly { readonly id: string }[]) =>
  new Set(items.map(({ id }) => id)).size === items.length

/** How submissions for an assignment are graded. */
export const assignmentGrading = z.strictObject({
  automatic: z.boolean().default(true).describe('when they are handed in, where there are tests'),
  feedback: z
    .enum(['always', 'after_due', 'never'])
    .default('always')
    .describe('when students see their points and results; what a person gave as well'),
  template: templateName
    .nullable()
    .default(null)
    .describe('that tests run in; null: that of the source, or of which its snapshot was made'),
  network: networkPolicy.default('none').describe('of tests'),
  maxPoints: z
    .number()
    .min(0)
    .max(1_000_000)
    .nullable()
    .default(null)
    .describe('nobody gets more; null: those of all tests together, or 100 where there are none'),
})
export type AssignmentGrading = z.infer<typeof assignmentGrading>

const fields = {
  title: assignmentTitle,
  text: storableText(assignmentBounds.textBytes)
    .refine((text) => utf8Bytes(text) <= assignmentBounds.textBytes, 'must have at most 256 KiB')
    .describe('Markdown'),
  published: z.boolean().describe('false: a draft, which students do not see'),
  opensAt: givenTime.nullable().describe('null: as soon as it is published'),
  dueAt: givenTime.nullable().describe('null: never, as a lesson'),
  late: z
    .strictObject({
      until: givenTime.nullable().describe('null: without an end'),
      percentPerDay,
    })
    .nullable()
    .describe('null: closed when it is due'),
  source: assignmentSource,
  limits: limitsRequest.nullable().describe('null: those of what it is made from'),
  network: networkPolicy,
  readOnly: z
    .array(assignmentPath)
    .max(assignmentBounds.readOnly)
    .describe(
      'starter files and directories that are put back before anything is checked or graded; students have root in their sandbox, so nothing keeps them from changing these there',
    ),
  steps: z.array(assignmentStep).max(assignmentBounds.steps).refine(distinct, 'names a step twice'),
  tests: z
    .array(assignmentTest)
    .max(assignmentBounds.tests)
    .refine(distinct, 'names a test twice')
    .refine(
      (tests) => utf8Bytes(JSON.stringify(tests)) <= assignmentBounds.testsBytes,
      'must have at most 1 MiB together',
    )
    .describe('never told to students'),
  grading: assignmentGrading,
  rubric,
  exam: assignmentExam
    .nullable()
    .describe('null: no exam. One has `opensAt` and `dueAt`, at most 24 hours apart, and no `late`'),
} as const

/** Body of `POST /classes/{id}/assignments`. */
export const createAssignment = z.strictObject({
  title: fields.title,
  text: fields.text.default(''),
  published: fields.published.default(false),
  opensAt: fields.opensAt.default(null),
  dueAt: fields.dueAt.default(null),
  late: fields.late.default(null),
  source: fields.source.default({ template: 'base' }),
  limits: fields.limits.default(null),
  network: fields.network.default('internet'),
  readOnly: fields.readOnly.default([]),
  steps: fields.steps.default([]),
  tests: fields.tests.default([]),
  grading: fields.grading.prefault({}),
  rubric: fields.rubric.default([]),
  exam: fields.exam.default(null),
})
export type CreateAssignment = z.infer<typeof createAssignment>

/** Body of `PATCH /assignments/{id}`. What is left out stays. */
export const changeAssignment = z.strictObject(fields).partial()
export type ChangeAssignment = z.infer<typeof changeAssignment>

/** How an assignment stands for whoever asks; for a student with their own due time. */
export const assignmentState = z
  .enum(['draft', 'scheduled', 'open', 'late', 'closed'])
  .describe('`scheduled`: published, and opens later; `late`: after the due time, and still taken')
export type AssignmentState = z.infer<typeof assignmentState>

const counted = z.object({ files: z.number(), bytes: z.number() })

/** What a student has of an assignment. */
export const assignmentWork = z.object({
  state: z.enum(['not_started', 'starting', 'started']),
  sandbox: sandboxId.nullable().describe('null before it was started, and when it was deleted'),
  progress: z
    .array(
      z.object({
        id: z.string(),
        passed: z.boolean().nullable().describe('null: not checked yet, or by nobody'),
        at: z.iso.datetime().nullable().describe('since when'),
      }),
    )
    .describe('as the last check found them; a help, not a grade'),
  passed: z.number().describe('how many steps have passed'),
  checks: z.number().describe('how many steps tick by themselves, and can pass'),
  startedAt: z.iso.datetime().nullable(),
  checkedAt: z.iso.datetime().nullable(),
})
export type AssignmentWork = z.infer<typeof assignmentWork>

/** What only teachers and assistants are told. */
export const assignmentSetup = z.object({
  source: assignmentSource,
  limits: limitsRequest.nullable(),
  network: networkPolicy,
  readOnly: z.array(z.string()),
  tests: z.array(assignmentTest),
  grading: assignmentGrading,
  rubric,
  hidden: counted,
})

export const assignment = z.object({
  id: assignmentId,
  class: classId,
  title: z.string(),
  position: z.number().describe('among those of the class, from 0'),
  published: z.boolean(),
  state: assignmentState,
  opensAt: classTime.nullable(),
  dueAt: classTime.nullable().describe('of a student: their own'),
  late: z
    .object({ until: classTime.nullable(), percentPerDay: z.number() })
    .nullable()
    .describe('of a student: their own'),
  extended: z.boolean().describe('of a student: they have more time than the others'),
  exam: assignmentExam.nullable(),
  text: z.string().nullable().describe('null for students before it opens'),
  steps: z
    .array(
      z.object({
        id: z.string(),
        title: z.string(),
        checked: z.boolean().describe('ticks by itself'),
        check: z
          .object({ command: z.string(), timeoutSeconds: z.number() })
          .nullable()
          .describe('null for students'),
      }),
    )
    .describe('of a student before it opens: none'),
  starter: z
    .object({
      state: z.enum(['ready', 'preparing', 'failed']),
      message: z.string().nullable().describe('why, when it failed'),
      files: z.number(),
      bytes: z.number(),
    })
    .nullable()
    .describe('what workspaces are made from; null for students before it opens'),
  setup: assignmentSetup.nullable().describe('null for students'),
  work: assignmentWork.nullable().describe('of a student: their own; null for all others'),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
})
export type Assignment = z.infer<typeof assignment>

/** Of a class, in their order. */
export const assignmentList = listOf(
  assignment.omit({ text: true, setup: true, steps: true, work: true }).extend({ stepCount: z.number() }),
)
export type AssignmentSummary = z.infer<typeof assignmentList>['items'][number]
export const assignmentParams = z.object({ id: assignmentId })

/** Body of `PUT /assignments/{id}/extensions/{studentId}`. */
export const setExtension = z.strictObject({ dueAt: givenTime })
export const extensionParams = assignmentParams.extend({ studentId: classStudentId })
export const assignmentExtension = z.object({
  student: classStudentId,
  name: z.string(),
  dueAt: classTime,
})
export type AssignmentExtension = z.infer<typeof assignmentExtension>
export const assignmentExtensions = z.object({ items: z.array(assignmentExtension) })

/** `starter`: in the workspace of each student. `hidden`: of the tests, and never told to students. */
export const assignmentFileKind = z.enum(['starter', 'hidden'])
export type AssignmentFileKind = z.infer<typeof assignmentFileKind>
export const assignmentFilesParams = assignmentParams.extend({ kind: assignmentFileKind })
export const assignmentFileQuery = z.object({ path: assignmentPath })
export const writeAssignmentFile = assignmentFileQuery.extend({
  executable: z.enum(['true', 'false']).default('false'),
})
export const assignmentFile = z.object({
  path: z.string(),
  sizeBytes: z.number(),
  executable: z.boolean(),
})
export type AssignmentFile = z.infer<typeof assignmentFile>
export const assignmentFiles = z.object({ items: z.array(assignmentFile) })

/** `GET /assignments/{id}/work`: a student of the class with what they have of it. */
export const studentWork = assignmentWork.extend({
  student: classStudentId,
  name: z.string(),
  number: z.string().nullable(),
  section: classPartId.nullable(),
  group: classPartId.nullable(),
  joined: z.boolean().describe('false: expected, and not there yet'),
  dueAt: classTime.nullable().describe('their own'),
  extended: z.boolean(),
})
export type StudentWork = z.infer<typeof studentWork>
export const studentWorkList = listOf(studentWork)
export const studentWorkPage = page.extend({
  limit: z.coerce.number().int().min(1).max(1000).default(200),
})

/** How what a student has for an assignment came to be. */
export const gradeState = z
  .enum(['none', 'queued', 'running', 'graded', 'failed', 'hidden'])
  .describe('of the last grading; `hidden`: students are not shown it, or not yet')
export type GradeState = z.infer<typeof gradeState>

/** `GET /work`: an assignment of one of the classes of a student. */
export const ownWork = z.object({
  assignment: assignmentId,
  title: z.string(),
  class: z.object({ id: classId, name: z.string() }),
  state: assignmentState,
  opensAt: classTime.nullable(),
  dueAt: classTime.nullable(),
  extended: z.boolean(),
  exam: z.boolean(),
  timeShown: z.boolean().describe('the staff of the class are shown how many minutes you work on it'),
  stepCount: z.number(),
  work: assignmentWork,
  grade: z
    .object({
      submission: submissionId.nullable().describe('the one that counts; null: nothing was handed in'),
      state: gradeState,
      points: z.number().nullable(),
      maxPoints: z.number(),
    })
    .describe('as far as students are shown it'),
})
export type OwnWork = z.infer<typeof ownWork>
export const ownWorkList = z.object({
  items: z.array(ownWork).describe('what is due first comes first; at most 1000'),
})

/** Body of `PUT /classes/{id}/assignments/order`. */
export const orderAssignments = z.strictObject({
  assignments: z
    .array(assignmentId)
    .max(assignmentBounds.assignments)
    .describe('all of the class, in their new order'),
})
/** Body of `POST /assignments/{id}/duplicate`. */
export const duplicateAssignment = z.strictObject({
  class: classId.optional().describe('if absent: the same'),
  title: assignmentTitle.optional().describe('if absent: the same'),
})
/** Body of `POST /assignments/{id}/move`. */
export const moveAssignment = z.strictObject({ class: classId })

/** `POST /classes/{id}/course/preview`: what importing an archive would do. */
export const coursePreview = z.object({
  digest: z.string().describe('of all that would be done'),
  added: z.array(z.object({ folder: z.string(), title: z.string() })),
  changed: z.array(z.object({ folder: z.string(), title: z.string(), fields: z.array(z.string()) })),
  unchanged: z.number(),
  ignored: z.array(z.string()).describe('files of the archive that have no meaning; at most 100'),
})
export type CoursePreview = z.infer<typeof coursePreview>
export const applyCourse = z.object({
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'is no digest')
    .describe('of the preview of the same archive'),
})
