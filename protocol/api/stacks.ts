import { z } from 'zod'
import { boundedRecord } from './bounds.js'
import { sandboxId, stackId } from './ids.js'
import { listOf } from './lists.js'
import { serviceHealth } from './service-status.js'
import { textWithoutNul } from './text.js'

/** Of one stack. */
export const stackServicesMax = 16

export const stackName = z
  .string()
  .regex(
    /^[a-z0-9]([a-z0-9_-]{0,38}[a-z0-9])?$/,
    'must be 1 to 40 of a-z, 0-9, - and _, and begin and end with a letter or digit',
  )

/** Body of `POST /stacks`. */
export const createStack = z.strictObject({
  name: stackName.optional().describe('if absent: the `name` of the file'),
  compose: textWithoutNul(65_536)
    .min(1)
    .describe('a compose file as YAML, of which a subset is supported; at most 64 KiB'),
  variables: boundedRecord(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not a variable name'),
    textWithoutNul(32_768),
    { entries: 256, bytes: 131_072 },
  )
    .optional()
    .describe('values for `${NAME}` in the file'),
  files: boundedRecord(textWithoutNul(1024).min(1), textWithoutNul(65_536), { entries: 64, bytes: 262_144 })
    .optional()
    .describe('what stands in the files that `env_file` names, by their paths in the compose file'),
})
export type CreateStack = z.input<typeof createStack>

/** A service of a stack, as it is now. */
export const stackService = z.object({
  name: z.string(),
  sandbox: sandboxId
    .nullable()
    .describe('that it runs in; null until there is one, and when that was deleted'),
  state: z
    .enum([
      ...(['waiting', 'starting', 'running', 'healthy', 'unhealthy', 'restarting', 'exited'] as const),
      ...(['paused', 'stopped', 'failed', 'unreachable'] as const),
    ])
    .describe(
      '`waiting`: for its sandbox, or for those that it depends on; `starting`: its health check has not succeeded yet; `failed`: its sandbox has',
    ),
  health: serviceHealth,
  exitCode: z.number().nullable(),
  restarts: z.number(),
  problem: z.string().nullable(),
  dependsOn: z.array(z.string()),
  ports: z.array(
    z.object({
      port: z.number(),
      url: z.string().nullable().describe('its preview; null without a domain for previews'),
    }),
  ),
})
export type StackService = z.infer<typeof stackService>

export const stack = z.object({
  id: stackId,
  name: z.string(),
  state: z
    .enum(['starting', 'running', 'degraded', 'failed', 'stopping', 'stopped', 'deleting'])
    .describe(
      '`degraded`: all were started, and some do not run or are unhealthy; `failed`: not all could be started, which is tried again',
    ),
  problem: z.string().nullable(),
  services: z.array(stackService),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
})
export type Stack = z.infer<typeof stack>

/** `POST /stacks/plan`: what a compose file asks for, and what has to be there before it can start. */
export const stackPreview = z.object({
  name: z.string(),
  services: z
    .array(
      z.object({
        name: z.string(),
        template: z.string().describe('that it is made from'),
        exists: z.boolean().describe('whether there is such a template'),
        build: z
          .object({
            context: z.string().describe('a directory, from that of the compose file'),
            dockerfile: z.string().describe('from the context'),
            args: z.record(z.string(), z.string()),
            target: z.string().nullable(),
          })
          .nullable()
          .describe('how it is built; null: it is not'),
      }),
    )
    .describe('in the order of the file'),
  files: z
    .array(z.object({ path: z.string(), required: z.boolean() }))
    .describe('that `env_file` names; their text goes into `files`'),
})
export type StackPreview = z.infer<typeof stackPreview>

/** `GET /stacks/{id}`. */
export const stackWithFile = stack.extend({ compose: z.string().describe('as it was given') })
export type StackWithFile = z.infer<typeof stackWithFile>

export const stackList = listOf(stack)
export const stackParams = z.object({ id: stackId })

/** Query of `GET /stacks/{id}/logs`. */
export const readStackLogs = z.object({
  follow: z
    .enum(['true', 'false'])
    .default('true')
    .describe('whether to wait for more, until the caller hangs up'),
  services: z.string().max(1024).optional().describe('names, with commas between them; all if absent'),
  since: z
    .string()
    .max(4096)
    .optional()
    .describe('id of the last event that was read; everything that is kept if absent'),
})
