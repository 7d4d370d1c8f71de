import { z } from 'zod'
import { classTime, extensionParams } from './assignments.js'
import { classStudentId, examSnapshotId, sandboxId, submissionId } from './ids.js'
import { listOf, page } from './lists.js'

/** What a browser tells of its student. */
export const toldExamEvent = z.enum(['paste', 'drop', 'leave', 'return'])
/** Body of `POST /assignments/{id}/events`. */
export const tellExamEvent = z.strictObject({
  type: toldExamEvent.describe(
    '`paste`, `drop`: something from outside the workspace; `leave`, `return`: its page is no longer what the student looks at, and is again',
  ),
  prevented: z.boolean().default(false).describe('of `paste` and `drop`: it was not put in'),
  characters: z.int().min(0).max(1_000_000_000).optional().describe('of `paste` and `drop`: how many'),
})
export type TellExamEvent = z.input<typeof tellExamEvent>

export const examEventType = z
  .enum([...toldExamEvent.options, 'start', 'submit', 'collect'])
  .describe(
    '`start`: a student began; `submit`: handed in by them; `collect`: the server did what there is to do at their end',
  )
export const examOutcome = z
  .enum(['submitted', 'same', 'nothing', 'failed'])
  .describe(
    'of the end: `submitted`: handed in automatically; `same`: what was handed in last is the same; `nothing`: there was nothing to hand in; `failed`: it could not be handed in, and the sandbox holds it',
  )

export const examEvent = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  student: z.object({
    userId: z.string(),
    id: classStudentId.nullable().describe('null when they have left the class'),
    name: z.string(),
  }),
  type: examEventType,
  toldBy: z
    .enum(['server', 'browser'])
    .describe('`browser`: that of the student, who can have it say anything, or nothing'),
  detail: z.object({
    prevented: z.boolean().optional(),
    characters: z.number().optional(),
    outcome: examOutcome.optional(),
    message: z.string().optional(),
    submission: z.string().optional(),
  }),
})
export type ExamEvent = z.infer<typeof examEvent>
export const examEvents = listOf(examEvent)
export const examEventsPage = page.extend({
  student: classStudentId.optional().describe('of this student only'),
})
export type ExamEventsPage = z.infer<typeof examEventsPage>

/** `GET /assignments/{id}/attempts`: a student of the class in an exam. */
export const examAttempt = z.object({
  student: classStudentId,
  name: z.string(),
  dueAt: classTime.describe('their own'),
  extended: z.boolean(),
  startedAt: z.iso.datetime().nullable().describe('null: not started'),
  sandbox: sandboxId.nullable(),
  activeAt: z.iso.datetime().nullable().describe('when something was last done in it, within a minute'),
  keptAt: z.iso
    .datetime()
    .nullable()
    .describe('when their work was last kept; about every minute in which it changed'),
  submissions: z.number(),
  lastSubmission: z.object({ id: submissionId, at: z.iso.datetime() }).nullable(),
  outcome: examOutcome.nullable().describe('null before their end, and while it is being handed in'),
  message: z.string().nullable().describe('why, when it failed or is tried again'),
  told: z.number().describe('how many events their browser has told'),
})
export type ExamAttempt = z.infer<typeof examAttempt>
export const examAttempts = listOf(examAttempt)

/** What was kept of the work of a student while the exam went on. */
export const examSnapshot = z.object({
  id: examSnapshotId,
  at: z.iso.datetime(),
  digest: z.string().describe('of all files, as of a submission'),
  fileCount: z.number(),
  bytes: z.number(),
})
export type ExamSnapshot = z.infer<typeof examSnapshot>
export const examSnapshots = z.object({ items: z.array(examSnapshot) })
export const attemptParams = extensionParams
export const examSnapshotParams = attemptParams.extend({ snapshotId: examSnapshotId })
