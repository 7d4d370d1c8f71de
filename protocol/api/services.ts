import { z } from 'zod'
import { textWithoutNul } from './text.js'

/** Bounds of what an image or a compose file says of them, in seconds. */
export const healthBounds = {
  interval: { least: 1, most: 3600, usual: 30 },
  timeout: { least: 1, most: 300, usual: 30 },
  startPeriod: { least: 0, most: 3600, usual: 0 },
  retries: { least: 1, most: 100, usual: 3 },
} as const

const words = z.array(textWithoutNul(131_072)).min(1).max(1024)
const { interval, timeout, startPeriod, retries } = healthBounds

/** How it is found out whether a service works, as Docker's `HEALTHCHECK`. */
export const healthcheck = z.strictObject({
  test: words.describe('a program and its arguments; it works when this ends with 0'),
  intervalSeconds: z.number().min(interval.least).max(interval.most).default(interval.usual),
  timeoutSeconds: z
    .number()
    .min(timeout.least)
    .max(timeout.most)
    .default(timeout.usual)
    .describe('after 30 s it is ended in any case'),
  startPeriodSeconds: z
    .number()
    .min(startPeriod.least)
    .max(startPeriod.most)
    .default(startPeriod.usual)
    .describe('in which failures do not count'),
  retries: z
    .int()
    .min(retries.least)
    .max(retries.most)
    .default(retries.usual)
    .describe('failures one after the other that make it unhealthy'),
})
export type Healthcheck = z.infer<typeof healthcheck>

/** Of users and groups: a sandbox has so many. */
const idMax = 65_535

/** The program that a sandbox is for. */
export const service = z.strictObject({
  entrypoint: words.optional().describe('if absent: the entry point of its image'),
  command: words
    .optional()
    .describe('arguments; if absent: those of its image, unless `entrypoint` is another one'),
  cwd: textWithoutNul(4096).regex(/^\//, 'must be absolute').optional(),
  user: z
    .string()
    .regex(/^(user|root|\d{1,5}(:\d{1,5})?)$/, 'must be user, root, or numbers such as 1000 and 1000:1000')
    .refine(
      (user) => user.split(':').every((part) => !(Number(part) > idMax)),
      `must be numbers of at most ${idMax}`,
    )
    .default('user'),
  restart: z
    .enum(['no', 'on-failure', 'always', 'unless-stopped'])
    .default('no')
    .describe('whether it is started again when it ends, after a pause that grows with each try'),
  retries: z.int().min(1).max(1000).optional().describe('of on-failure: how often; if absent, for ever'),
  healthcheck: healthcheck.nullable().optional().describe('null: none; if absent: that of its image'),
})
export type Service = z.infer<typeof service>
