import { z } from 'zod'
import { pathBelow } from './assignment-tests.js'
import { storableText } from './bounds.js'
import { assignmentId, classId, classStudentId, submissionId } from './ids.js'
import { page } from './lists.js'

/** Bounds of submissions. */
export const submissionBounds = {
  /** Files and links of one. */
  files: 2000,
  /** Of one, all files together. */
  bytes: 16 * 1024 * 1024,
  /** Of one student for one assignment. */
  ofStudent: 200,
  /** What all submissions of one student in a tenant add to what is stored. */
  studentBytes: 512 * 1024 * 1024,
  /** The same of all of a tenant. */
  tenantBytes: 16 * 1024 * 1024 * 1024,
  /** Of the answer of a difference. */
  diffBytes: 1024 * 1024,
  /** A longer file is told as changed, and not compared by lines. */
  diffFileBytes: 256 * 1024,
} as const

export const submissionParams = z.object({ id: submissionId })

/** What was in the home directory and is not in the submission. */
export const leftOut = z.object({
  path: z.string(),
  why: z
    .enum(['excluded', 'special', 'name', 'link'])
    .describe(
      '`excluded`: caches, packages, version control and private settings of tools; `special`: a pipe, a socket or a device; `name`: not UTF-8, or with control characters; `link`: a hard link to what is left out',
    ),
})
export type LeftOut = z.infer<typeof leftOut>

export const submission = z.object({
  id: submissionId,
  assignment: assignmentId,
  class: classId,
  student: z.object({
    userId: z.string(),
    name: z.string(),
    id: classStudentId.nullable().describe('null when they are in the class no more'),
  }),
  number: z.number().describe('of this student and assignment, from 1'),
  at: z
    .object({ at: z.iso.datetime(), local: z.string().describe('by the clocks of the class') })
    .describe('when it was asked for, by the clock of the database'),
  digest: z
    .string()
    .describe(
      'SHA-256, in hexadecimal, of a line for each file in the order of the bytes of their paths: `100644`, `100755` when it can be executed or `120000` for a symbolic link, a space, the SHA-256 of its content or of where it leads, a space, its path as a JSON string, and a line feed',
    ),
  fileCount: z.number().describe('with symbolic links'),
  bytes: z.number(),
  late: z
    .object({ days: z.number().describe('begun'), percent: z.number().describe('lost') })
    .nullable()
    .describe('null: in time. By the times of the assignment as they are now'),
  counts: z
    .boolean()
    .describe('it is the one that is graded: the last that came in time or, where none did, the last'),
})
export type Submission = z.infer<typeof submission>

export const submissionWithMissing = submission.extend({
  leftOut: z.array(leftOut).describe('at most 100'),
  leftOutCount: z.number(),
})
export type SubmissionWithMissing = z.infer<typeof submissionWithMissing>

export const submissionList = z.object({
  items: z.array(submission).describe('newest first'),
  nextCursor: z.string().nullable(),
})
/** Query of `GET /assignments/{id}/submissions`. */
export const submissionPage = page.extend({
  student: classStudentId.optional().describe('of this student of the class only'),
  user: z.string().max(64).optional().describe('the same by account, also of somebody who has left'),
  counting: z.enum(['true', 'false']).default('false').describe('only those that count'),
})
export type SubmissionPage = z.infer<typeof submissionPage>

/** `GET /submissions/{id}/receipt`: what proves that something was handed in, and when. */
export const submissionReceipt = z.strictObject({
  submission: submissionId,
  assignment: z.strictObject({ id: assignmentId, title: storableText(254) }),
  class: z.strictObject({ id: classId, name: storableText(254) }),
  student: storableText(254),
  number: z.number(),
  at: z.iso.datetime().max(40),
  digest: z.string().max(64),
  files: z.number(),
  bytes: z.number(),
  seal: z
    .string()
    .max(64)
    .describe(
      'HMAC-SHA256 of all the above, by a secret of this installation; `POST /receipts/check` says whether it is right',
    ),
})
export type SubmissionReceipt = z.infer<typeof submissionReceipt>
export const checkedReceipt = z.object({
  valid: z.boolean().describe('it was made here, and is as it was'),
  stored: z.boolean().describe('the submission is here, with this digest'),
})
export type CheckedReceipt = z.infer<typeof checkedReceipt>

/** A path in a submission. */
export const submissionPath = pathBelow(1024)
export const submissionFileQuery = z.object({ path: submissionPath })
export const submissionFile = z.object({
  path: z.string(),
  type: z.enum(['file', 'symlink']),
  executable: z.boolean(),
  sizeBytes: z.number(),
  target: z.string().nullable().describe('of a symbolic link, as it was; it is never followed'),
  digest: z.string().describe('SHA-256 of the content, or of where the link leads'),
})
export type SubmissionFile = z.infer<typeof submissionFile>
export const submissionFiles = z.object({ items: z.array(submissionFile) })

/** Query of `GET /submissions/{id}/diff`. */
export const diffQuery = z.object({
  against: z
    .union([z.literal('starter'), submissionId])
    .default('starter')
    .describe('the starter files of the assignment as they are now, or another submission for it'),
  path: submissionPath.optional().describe('of this file only'),
})
export type DiffQuery = z.infer<typeof diffQuery>
export const submissionChange = z.object({
  path: z.string(),
  change: z.enum(['added', 'removed', 'changed']),
  patch: z.string().nullable().describe('as `diff -u` has it; null when `omitted` says why'),
  omitted: z
    .enum(['binary', 'long', 'different', 'bound'])
    .nullable()
    .describe(
      '`binary`: no text; `long`: over 256 KiB; `different`: comparing took too long; `bound`: the answer is long enough, ask for this path',
    ),
})
export type SubmissionChange = z.infer<typeof submissionChange>
export const submissionDiff = z.object({
  against: z.string(),
  unchanged: z.number(),
  changes: z.array(submissionChange),
})
export type SubmissionDiff = z.infer<typeof submissionDiff>

/** Query of `DELETE /assignments/{id}` and `DELETE /classes/{id}`. */
export const deleteWithSubmissions = z.object({
  submissions: z
    .enum(['keep', 'delete'])
    .default('keep')
    .describe('`keep`: refused with 409 while there are any; `delete`: they are deleted with it'),
})
