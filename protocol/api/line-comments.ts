import { z } from 'zod'
import { storableText } from './bounds.js'
import { lineCommentId, submissionId } from './ids.js'
import { submissionPath } from './submissions.js'

/** Bounds of comments on lines, of one submission. */
export const lineCommentBounds = { ofSubmission: 200, characters: 2000 } as const

export const lineCommentText = storableText(lineCommentBounds.characters).refine(
  (text) => text.trim() !== '',
  'must not be empty',
)

/** Body of `POST /submissions/{id}/comments`. */
export const createLineComment = z.strictObject({
  path: submissionPath,
  line: z.int().min(1).describe('of the file, from 1'),
  text: lineCommentText.describe('the student reads it'),
})
export type CreateLineComment = z.infer<typeof createLineComment>
export const changeLineComment = z.strictObject({ text: lineCommentText })
export const lineCommentParams = z.object({ id: submissionId, commentId: lineCommentId })

export const lineComment = z.object({
  id: lineCommentId,
  submission: submissionId,
  path: z.string(),
  line: z.number(),
  text: z.string(),
  by: z.string().nullable().describe('null for students'),
  mayChange: z.boolean().describe('whether the caller wrote it, or is an owner or admin of the tenant'),
  at: z.iso.datetime(),
  changedAt: z.iso.datetime().nullable(),
})
export type LineComment = z.infer<typeof lineComment>
export const lineComments = z.object({
  items: z.array(lineComment).describe('by path and line'),
})
