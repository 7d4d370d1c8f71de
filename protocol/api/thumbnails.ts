import { z } from 'zod'
import { classStudentId, terminalId } from './ids.js'

/** Bounds of thumbnails: of what a terminal shows, as text. */
export const thumbnailBounds = {
  /** Cells that are shown: the first columns, and the lines down to the cursor. */
  columns: 80,
  rows: 24,
  /** In one line: a cell may hold several characters that are drawn over one another. */
  lineChars: 320,
  /** That one call may ask for. */
  sandboxes: 200,
} as const

/** What was drawn: a terminal, how much it had written, and its size. Compared only. */
export const thumbnailVersion = z.string().regex(/^tm_[0-9a-z]{1,32}\.\d{1,16}\.\d{1,4}x\d{1,4}$/)
export type ThumbnailVersion = z.infer<typeof thumbnailVersion>

/** Body of `POST /lessons/{id}/screens`. */
export const lookAtScreens = z.strictObject({
  students: z
    .array(classStudentId)
    .min(1)
    .max(thumbnailBounds.sandboxes)
    .optional()
    .describe(`only these; absent: the first ${thumbnailBounds.sandboxes} of the class by name`),
  seen: z
    .record(classStudentId, thumbnailVersion)
    .refine(
      (seen) => Object.keys(seen).length <= thumbnailBounds.sandboxes,
      `names more than ${thumbnailBounds.sandboxes} students`,
    )
    .meta({ maxProperties: thumbnailBounds.sandboxes })
    .default({})
    .describe('`version` of what the caller has already, by student'),
})
export type LookAtScreens = z.infer<typeof lookAtScreens>

/** What the terminal shows that a student used last. */
export const lessonScreen = z.object({
  terminal: terminalId,
  title: z.string(),
  version: thumbnailVersion.describe('to be given back as `seen`'),
  lines: z
    .array(z.string())
    .describe(
      `text without colours: at most ${thumbnailBounds.rows} lines, down to the cursor, of the first ${thumbnailBounds.columns} columns`,
    ),
})
export type LessonScreen = z.infer<typeof lessonScreen>

export const lessonScreens = z.object({
  screens: z
    .array(
      z.object({
        student: classStudentId,
        screen: lessonScreen.nullable().describe('null: no terminal of theirs runs'),
      }),
    )
    .describe('of the students whose screens differ from `seen`'),
})
export type LessonScreens = z.infer<typeof lessonScreens>
