import { z } from 'zod'
import { assignmentPath } from './assignments.js'
import { storableText } from './bounds.js'
import { assignmentId, classId, classPartId, classStudentId, lessonId, sandboxId, terminalId } from './ids.js'
import { listOf, page } from './lists.js'
import { sandboxState } from './sandbox.js'

/** Bounds of live lessons. */
export const lessonBounds = {
  /** Of one lesson. */
  messages: 1000,
  /** That one call may name; all of a class are named by naming none. */
  students: 200,
  /** Of a file that is sent to students. */
  fileBytes: 16 * 1024 * 1024,
  /** After which a lesson ends by itself. */
  maxMinutes: 12 * 60,
} as const

/** Body of `POST /classes/{id}/lessons`. */
export const startLesson = z.strictObject({
  assignment: assignmentId
    .nullable()
    .default(null)
    .describe(
      'of the class, whose sandboxes and steps are shown; null: the sandbox that each student used last',
    ),
  minutes: z.int().min(1).max(lessonBounds.maxMinutes).default(180).describe('after which it ends by itself'),
})
export type StartLesson = z.infer<typeof startLesson>

/** A live lesson of a class. */
export const lesson = z.object({
  id: lessonId,
  class: z.object({ id: classId, name: z.string() }),
  assignment: z.object({ id: assignmentId, title: z.string() }).nullable(),
  startedBy: z.string().nullable().describe('null for students'),
  startedAt: z.iso.datetime(),
  endsAt: z.iso.datetime().describe('when it ends by itself'),
  endedAt: z.iso.datetime().nullable().describe('null while it runs'),
  frozen: z.boolean().describe('whether all students are frozen; of a student: whether they are'),
})
export type Lesson = z.infer<typeof lesson>
export const lessonList = listOf(lesson)
export const lessonPage = page
export const lessonParams = z.object({ id: lessonId })
export const lessonStudentParams = lessonParams.extend({ studentId: classStudentId })

/** What a student does, as far as it is known without looking into their sandbox. */
export const lessonState = z.enum(['offline', 'frozen', 'error', 'running', 'stuck', 'working', 'idle'])
export type LessonState = z.infer<typeof lessonState>

/** A student of a lesson, as staff see them. */
export const lessonStudent = z.object({
  student: classStudentId,
  userId: z.string().nullable().describe('null until they have joined'),
  name: z.string(),
  number: z.string().nullable(),
  section: classPartId.nullable(),
  group: classPartId.nullable(),
  sandbox: z
    .object({
      id: sandboxId,
      name: z.string(),
      state: sandboxState,
      lastUsedAt: z.iso.datetime().describe('when somebody or a program last did something in it'),
      cpus: z.number().nullable().describe('processors in use; null when that is not known'),
    })
    .nullable(),
  state: lessonState.describe(
    '`offline`: no sandbox that is awake; `frozen`: by a lesson; `error`: the sandbox has failed, or in the last minutes a program met a limit; `running`: a program uses a processor; `stuck`: a step has failed for five minutes, or nothing was done for as long with steps left; `working`: something was done in the last two minutes; `idle`: none of these',
  ),
  frozen: z.boolean(),
  handUp: z.iso.datetime().nullable().describe('since when'),
  steps: z.object({
    passed: z.number(),
    failed: z.number(),
    checks: z.number().describe('how many steps are checked'),
    checkedAt: z.iso.datetime().nullable(),
  }),
})
export type LessonStudent = z.infer<typeof lessonStudent>

/** Body of `PUT /lessons/{id}/broadcast`. */
export const showTerminal = z.strictObject({
  sandbox: sandboxId.describe('of the tenant, and not of a student'),
  terminal: terminalId.describe('one that runs'),
})
export type ShowTerminal = z.infer<typeof showTerminal>

/** The terminal that students of a lesson may watch. */
export const lessonBroadcast = showTerminal.extend({
  by: z.string().describe('the name of who shows it'),
  since: z.iso.datetime(),
})
export type LessonBroadcast = z.infer<typeof lessonBroadcast>

export const lessonStudents = z.object({
  lesson,
  students: z.array(lessonStudent),
  broadcast: lessonBroadcast.nullable().describe('null when no terminal is shown'),
})
export type LessonStudents = z.infer<typeof lessonStudents>

const students = z
  .array(classStudentId)
  .min(1)
  .max(lessonBounds.students)
  .optional()
  .describe('only these; absent: all of the class')

/** Body of `POST /lessons/{id}/freeze`, `/thaw` and `/reset`. */
export const chooseStudents = z.strictObject({ students })
export type ChooseStudents = z.infer<typeof chooseStudents>

/** Body of `POST /lessons/{id}/messages`. */
export const sendMessage = z.strictObject({
  text: storableText(2000).regex(/\S/, 'must not be empty'),
  students,
})
export type SendMessage = z.infer<typeof sendMessage>

export const lessonMessage = z.object({
  id: z.string(),
  text: z.string(),
  by: z.string().describe('the name of who wrote it'),
  at: z.iso.datetime(),
  students: z
    .array(classStudentId)
    .nullable()
    .describe('to whom; null: to all. Of a student: they themselves, or null'),
})
export type LessonMessage = z.infer<typeof lessonMessage>
export const lessonMessages = z.object({ messages: z.array(lessonMessage) })

/** A lesson as one of its students has it. */
export const ownLesson = z.object({
  lesson,
  handUp: z.iso.datetime().nullable().describe('since when'),
  ahead: z.number().nullable().describe('how many raised their hands before; null when it is not up'),
  messages: z.array(lessonMessage).describe('the newest 50 for this student, oldest first'),
  broadcast: lessonBroadcast
    .nullable()
    .describe('a terminal that may be watched now, read only, through the socket as any other'),
})
export type OwnLesson = z.infer<typeof ownLesson>
export const ownLessons = z.object({ lessons: z.array(ownLesson) })

/** Query of `PUT /lessons/{id}/files`. The body is the content. */
export const pushFile = z.object({
  path: assignmentPath.describe('from the home directory of each student'),
  executable: z.enum(['true', 'false']).default('false'),
  existing: z
    .enum(['keep', 'replace'])
    .default('keep')
    .describe('what becomes of a file that is there: it is kept under another name beside it, or replaced'),
  students: z
    .string()
    .max(lessonBounds.students * 24)
    .transform((text) => text.split(','))
    .pipe(z.array(classStudentId).max(lessonBounds.students))
    .optional()
    .describe('ids, separated by commas; absent: all of the class'),
})
export type PushFile = z.infer<typeof pushFile>

/** What was done for each student. */
export const lessonOutcome = z.object({
  students: z.array(
    z.object({
      student: classStudentId,
      name: z.string(),
      outcome: z.enum(['done', 'nothing', 'failed']).describe('`nothing`: there was nothing to do it to'),
      detail: z
        .string()
        .nullable()
        .describe(
          'why it failed or there was nothing; else what was kept: the name of a file or of a snapshot',
        ),
    }),
  ),
})
export type LessonOutcome = z.infer<typeof lessonOutcome>
