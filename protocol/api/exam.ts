import { z } from 'zod'
import { allowedHost } from './network.js'

export const examBounds = {
  /** From its opening to the end of everybody, and of each who has more time: everything else of theirs is closed that long. */
  maxHours: 24,
  /** That a browser may tell of one student in one exam. */
  events: 2000,
} as const

/** What makes an assignment an exam. */
export const assignmentExam = z.strictObject({
  network: z
    .union([z.literal('none'), z.strictObject({ allow: z.array(allowedHost).min(1).max(64) })])
    .default('none')
    .describe('of the sandboxes in which it is worked on, instead of that of the assignment'),
  paste: z
    .enum(['prevent', 'allow'])
    .default('prevent')
    .describe(
      'into the workspace, of what was not copied in it. The page prevents it and tells of tries; a student who calls the API can write any file',
    ),
})
export type AssignmentExam = z.infer<typeof assignmentExam>
