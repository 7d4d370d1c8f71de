import { z } from 'zod'
import { assignmentId, timetableLessonId } from './ids.js'
import { timeZone, weekday } from './pools.js'
import { templateName } from './sandbox.js'

/** Bounds of the timetable of a class. */
export const timetableBounds = {
  lessons: 20,
  maxMinutes: 12 * 60,
  /** So long before a lesson sandboxes begin to wait for it. */
  leadMinutes: 10,
  /** And so long after it has begun what nobody has taken is given up. */
  graceMinutes: 15,
} as const

const place = {
  day: weekday,
  at: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is not a time of day such as 09:00')
    .describe('by the clocks of the class'),
  minutes: z.int().min(1).max(timetableBounds.maxMinutes).default(90),
  assignment: assignmentId
    .nullable()
    .default(null)
    .describe('of the class: sandboxes of its template and size are made ready'),
  template: templateName
    .nullable()
    .default(null)
    .describe('without an assignment: of which template sandboxes are made ready; null: none are'),
}

/** Body of `PUT /classes/{id}/timetable`. */
export const setTimetable = z.strictObject({
  lessons: z.array(z.strictObject(place)).max(timetableBounds.lessons),
})
export type SetTimetable = z.infer<typeof setTimetable>

export const timetableProblem = z.enum(['quota', 'room', 'template', 'snapshot'])
export type TimetableProblem = z.infer<typeof timetableProblem>

/** A weekly lesson of a class. */
export const timetableLesson = z.object({
  id: timetableLessonId,
  ...place,
  nextAt: z.iso.datetime().describe('when the next one begins, or the one that has just begun did'),
  warm: z
    .object({
      wanted: z.number().describe('one for each student who has not begun yet, as far as the quota allows'),
      ready: z.number(),
      problem: timetableProblem
        .nullable()
        .describe(
          'why fewer wait than there are students: `quota` of the tenant; `room` of the nodes; `template`: no node has one of that name that can wait; `snapshot`: a sandbox from a snapshot is made when a student begins',
        ),
    })
    .nullable()
    .describe(`what waits for it; null until ${timetableBounds.leadMinutes} minutes before it begins`),
})
export type TimetableLesson = z.infer<typeof timetableLesson>

export const timetable = z.object({
  timeZone,
  lessons: z.array(timetableLesson).describe('by the time at which they are next'),
})
export type Timetable = z.infer<typeof timetable>
