import { z } from 'zod'
import { buildId, buildOptions } from './builds.js'
import { sandboxId, volumeId } from './ids.js'
import { listOf, page } from './lists.js'
import { timeZone } from './pools.js'
import { displayName, insidePath, newTemplateName, templateName } from './sandbox.js'

export const scheduleId = z.string().regex(/^sc_[0-9abcdefghjkmnpqrstvwxyz]{20}$/, 'is not a schedule id')

/** Bounds of schedules. */
export const scheduleBounds = {
  /** Of one tenant. */
  schedules: 50,
  /** Between two runs. */
  minutesMin: 5,
  /** Snapshots of one schedule. */
  keepMax: 50,
  keepDefault: 7,
} as const

export const scheduleAction = z.enum(['snapshot', 'wake', 'stop', 'rebuild'])
export type ScheduleAction = z.infer<typeof scheduleAction>

/** Five fields, or a word for them; what they mean is read by the server. */
export const cronExpression = z
  .string()
  .trim()
  .max(100)
  .regex(
    /^(@(hourly|daily|weekly|monthly|yearly)|[^\s@]+(\s+[^\s@]+){4})$/,
    'is not a cron expression of five fields, such as 30 2 * * *',
  )
  .describe(
    `minute, hour, day of month, month and day of week, such as \`30 2 * * MON-FRI\`; or \`@hourly\`, \`@daily\`, \`@weekly\`, \`@monthly\`, \`@yearly\`. At most every ${scheduleBounds.minutesMin} minutes`,
  )

const keep = z.int().min(1).max(scheduleBounds.keepMax)

/** As of any build, without secrets: nobody is there to tell them. */
const rebuildOptions = buildOptions.omit({ secrets: true, noCache: true }).extend({
  noCache: z.boolean().default(true).describe('runs every step again, so that updates are found'),
})

/** What a template is made anew of. */
export const rebuildSource = z.union([
  z.strictObject({
    image: z.string().min(1).max(512).describe('of the registry of this server, as it is then'),
  }),
  z.strictObject({
    volume: volumeId.describe('that holds the context of a Dockerfile'),
    path: insidePath.default('/').describe('the directory of the context'),
    options: rebuildOptions.default(rebuildOptions.parse({})),
  }),
  z.strictObject({
    sandbox: sandboxId.describe('that holds the context of a Dockerfile, running or not'),
    path: insidePath.describe('the directory of the context'),
    options: rebuildOptions.default(rebuildOptions.parse({})),
  }),
])
export type RebuildSource = z.infer<typeof rebuildSource>

const common = {
  name: displayName.optional().describe('no other schedule of the tenant has it; made up if absent'),
  cron: cronExpression,
  timeZone: timeZone.default('UTC').describe('such as Europe/Berlin'),
  enabled: z.boolean().default(true),
}

/** Body of `POST /schedules`. */
export const createSchedule = z.discriminatedUnion('action', [
  z.strictObject({
    ...{ ...common, action: z.literal('snapshot'), sandbox: sandboxId },
    keep: keep
      .default(scheduleBounds.keepDefault)
      .describe('how many of its snapshots stay; older ones are deleted, except those that were renamed'),
  }),
  z.strictObject({ ...common, action: z.literal('wake'), sandbox: sandboxId }),
  z.strictObject({ ...common, action: z.literal('stop'), sandbox: sandboxId }),
  z.strictObject({
    ...{ ...common, action: z.literal('rebuild'), template: newTemplateName },
    from: rebuildSource,
  }),
])
export type CreateSchedule = z.infer<typeof createSchedule>

/** Body of `PATCH /schedules/{id}`. */
export const changeSchedule = z.strictObject({
  name: displayName.optional(),
  cron: cronExpression.optional(),
  timeZone: timeZone.optional(),
  keep: keep.optional().describe('of a schedule that takes snapshots'),
  from: rebuildSource.optional().describe('of a schedule that rebuilds a template'),
  enabled: z.boolean().optional(),
})
export type ChangeSchedule = z.infer<typeof changeSchedule>

/** What came of a run of a schedule. */
export const scheduleRun = z.object({
  at: z.iso.datetime(),
  outcome: z.enum(['succeeded', 'failed', 'running']).describe('running: its build goes on'),
  message: z.string().nullable().describe('why it failed'),
  build: buildId.nullable(),
})

/** What is done again and again at times of day. */
export const schedule = z.object({
  id: scheduleId,
  name: z.string(),
  action: scheduleAction,
  sandbox: sandboxId.nullable(),
  template: templateName.nullable(),
  from: rebuildSource.nullable(),
  cron: z.string(),
  timeZone: z.string(),
  keep: z.number().nullable(),
  enabled: z.boolean(),
  nextAt: z.iso.datetime().nullable().describe('null while it is not enabled'),
  last: scheduleRun.nullable(),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
})
export type Schedule = z.infer<typeof schedule>
export const scheduleList = listOf(schedule)
export const scheduleParams = z.object({ id: scheduleId })
export const schedulePage = page.extend({
  sandbox: sandboxId.optional().describe('only of this sandbox'),
  template: templateName.optional().describe('only of this template'),
})
