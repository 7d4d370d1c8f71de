import { z } from 'zod'
import { assignmentId, classStudentId } from './ids.js'

export const statisticsBounds = {
  /** Of fewer students no distribution is shown: it would tell of each. */
  distribution: 5,
  /** Groups of error messages that are listed. */
  errors: 20,
} as const

/** How something is distributed among students: half of them have the median or less, a quarter the lower quartile or less. */
export const distribution = z.object({
  students: z.number(),
  lowerQuartile: z.number(),
  median: z.number(),
  upperQuartile: z.number(),
})
export type Distribution = z.infer<typeof distribution>

/** `GET /assignments/{id}/statistics`. Of the students that are in the class now. */
export const assignmentStatistics = z.object({
  assignment: z.object({ id: assignmentId, title: z.string() }),
  students: z.number(),
  began: z.number(),
  handedIn: z.number(),
  graded: z.number().describe('by tests or by a person'),
  points: z
    .object({
      ...{ maxPoints: z.number(), ...distribution.shape },
      bins: z
        .array(z.object({ from: z.number(), to: z.number(), students: z.number() }))
        .describe('ten of the same width; `to` is in the next one, except in the last'),
    })
    .nullable()
    .describe(`null when fewer than ${statisticsBounds.distribution} students have points`),
  steps: z.array(
    z.object({
      ...{ id: z.string(), title: z.string() },
      checked: z.boolean().describe('false: it has no check, so nobody has it'),
      passed: z.number().describe('students who have it'),
      failed: z.number().describe('students whose last check failed'),
    }),
  ),
  tests: z
    .array(
      z.object({
        ...{ id: z.string(), name: z.string(), passed: z.number(), failed: z.number() },
        unknown: z.number().describe('latest submissions for which there is no result'),
      }),
    )
    .describe('of the latest submission of each student'),
  errors: z
    .array(
      z.object({
        text: z.string().describe('the message, with `…` for numbers, paths, addresses and quoted text'),
        students: z.number().describe('whose latest submission has it'),
        tests: z.array(z.string()).describe('ids of the tests in which it was seen'),
        example: z.string().describe('one as it was, without names of students'),
      }),
    )
    .describe(`what fails most often, the first ${statisticsBounds.errors}`),
  time: z
    .object({
      state: z
        .enum(['off', 'few', 'shown'])
        .describe(
          `\`off\`: the operator has switched it off; \`few\`: fewer than ${statisticsBounds.distribution} students have worked on it`,
        ),
      minutes: distribution
        .nullable()
        .describe('in which students did something in the sandbox of the assignment; to five minutes'),
      each: z
        .array(z.object({ student: classStudentId, name: z.string(), minutes: z.number() }))
        .nullable()
        .describe(
          'of each student by name, and only minutes in which they were told that it is shown; null unless the operator allows it and the class has turned it on',
        ),
    })
    .describe('time on task'),
})
export type AssignmentStatistics = z.infer<typeof assignmentStatistics>

/** `GET /admin/privacy`: what the installation keeps and shows of how long students work. */
export const privacySettings = z.object({
  timeStatistics: z
    .boolean()
    .describe('minutes are counted, and their distribution is shown to the staff of a class'),
  studentTimes: z
    .boolean()
    .describe('classes may show minutes of each student to their staff; students are told'),
  activityDays: z.int().min(1).max(3650).describe('after which minutes are deleted'),
})
export type PrivacySettings = z.infer<typeof privacySettings>
/** Body of `PATCH /admin/privacy`. What is left out stays. */
export const changePrivacy = z.strictObject(privacySettings.partial().shape)
export type ChangePrivacy = z.infer<typeof changePrivacy>
