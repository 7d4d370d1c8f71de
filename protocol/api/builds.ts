import { z } from 'zod'
import { boundedRecord } from './bounds.js'
import { limitsRequest } from './limits.js'
import { networkPolicy } from './network.js'
import { templateName } from './sandbox.js'
import { textWithoutNul } from './text.js'

/** What one build may be given. */
export const buildBounds = {
  /** Of the context's tar once it is not compressed any more. */
  contextMiB: 4096,
  /** Of one secret. */
  secretBytes: 65_536,
  secrets: 16,
  timeoutSeconds: 7200,
  /** Of the output of all steps, as it is kept. */
  logMiB: 4,
} as const

export const buildId = z.string().regex(/^bd_[0-9abcdefghjkmnpqrstvwxyz]{20}$/, 'is not a build id')

const base64 = z
  .string()
  .max(Math.ceil(buildBounds.secretBytes / 3) * 4)
  .regex(/^[A-Za-z0-9+/]*={0,2}$/, 'is not base64')

const command = textWithoutNul(4096).min(1)

/** What is built, beside the context. */
export const buildOptions = z.strictObject({
  dockerfile: textWithoutNul(1024).min(1).default('Dockerfile').describe('its path in the context'),
  args: boundedRecord(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'is not a variable name'),
    textWithoutNul(32_768),
    { entries: 256, bytes: 131_072 },
  ).default({}),
  target: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .describe('the stage that becomes the template; the last one if absent'),
  secrets: z
    .array(
      z.strictObject({
        id: z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/, 'is not an id of a secret'),
        value: base64.describe('base64'),
      }),
    )
    .max(buildBounds.secrets)
    .default([])
    .describe('for RUN --mount=type=secret; kept nowhere'),
  limits: limitsRequest.optional().describe('of each step; what is left out is as with a sandbox of `base`'),
  network: networkPolicy.default('internet').describe('what steps may reach'),
  timeoutSeconds: z.int().min(1).max(buildBounds.timeoutSeconds).default(1800).describe('of the whole build'),
  noCache: z.boolean().default(false).describe('runs every step again'),
  description: z.string().max(200).optional().describe('of the template'),
  start: command
    .optional()
    .describe(
      'a command of `/bin/sh` that is started with each sandbox of the template, as its service; also `LABEL cloche.start`',
    ),
  ready: command
    .optional()
    .describe(
      'a command of `/bin/sh` that ends with 0 once the service works, as its health check; also `LABEL cloche.ready`',
    ),
})
export type BuildOptions = z.infer<typeof buildOptions>

export const buildStatus = z.enum(['running', 'succeeded', 'failed', 'canceled'])
export type BuildStatus = z.infer<typeof buildStatus>

const stepEvent = z.object({
  type: z.literal('step'),
  step: z.number().describe('from 1'),
  steps: z.number(),
  stage: z.string(),
  line: z.number().describe('of the Dockerfile'),
  instruction: z.string(),
  state: z.enum(['started', 'cached', 'done', 'failed']),
  durationMs: z.number().nullable(),
})
const outputEvent = z.object({
  type: z.literal('output'),
  step: z.number().describe('0: of the build itself'),
  text: z.string().describe('as a terminal gets it, colours and all'),
})
const endEvent = z.object({
  type: z.literal('end'),
  status: buildStatus.exclude(['running']),
  error: z.string().nullable(),
})

/** One event of a build. Numbers grow by one. */
export const buildEvent = z.union([stepEvent, outputEvent, endEvent]).and(z.object({ number: z.number() }))
export type BuildEvent = z.infer<typeof buildEvent>
export const buildEventKinds = { step: stepEvent, output: outputEvent, end: endEvent } as const

export const build = z.object({
  id: buildId,
  template: templateName,
  status: buildStatus,
  error: z.string().nullable().describe('why it failed'),
  target: z.string().nullable(),
  createdBy: z.string().nullable().describe('a user; null when the account is gone'),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
})
export type Build = z.infer<typeof build>
