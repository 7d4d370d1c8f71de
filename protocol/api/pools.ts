import { z } from 'zod'
import { isolation, templateName } from './sandbox.js'

/** What those in a pool are for: to be a tenant's sandbox, with a shell that waits, or to perform one run. */
export const poolPurpose = z.enum(['sandbox', 'run'])
export type PoolPurpose = z.infer<typeof poolPurpose>

/**
 * A pool holds sandboxes of one template, purpose, isolation and size class that wait to be claimed. What of a sandbox
 * cannot be changed after its start depends on its memory alone, so its size class is its memory, rounded down to a
 * power of two.
 */
export const poolKey = z.strictObject({
  template: templateName,
  isolation: isolation.default('standard'),
  purpose: poolPurpose.default('sandbox'),
  /** Any memory limit: the pool is that of its size class. The template's own if absent. All runs share one class. */
  memoryMiB: z.int().min(16).max(1_048_576).optional(),
})
export type PoolKey = z.infer<typeof poolKey>

const count = z.int().min(1).max(10_000)

export const weekday = z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'])
export type Weekday = z.infer<typeof weekday>

export const timeZone = z.string().max(64).refine(isTimeZone, 'is not a time zone such as Europe/Berlin')

/**
 * `count` sandboxes that are ready at a time of day, and stay so for a while: what is claimed meanwhile counts as
 * come, and is not made again. Two schedules of one pool may not hold at the same time.
 */
export const poolSchedule = poolKey.extend({
  count,
  at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is not a time of day such as 09:00'),
  days: z
    .array(weekday)
    .min(1)
    .max(7)
    .refine((days) => new Set(days).size === days.length, 'names a day twice'),
  timeZone,
  holdMinutes: z.int().min(1).max(1440).default(60),
})
export type PoolSchedule = z.infer<typeof poolSchedule>

export const scheduleName = z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'is not a name of a schedule')

/** Body of `POST /pools/warm`: as many more, from now on. */
export const warmRequest = poolKey.extend({ count, holdMinutes: z.int().min(1).max(1440).default(15) })
export type WarmRequest = z.infer<typeof warmRequest>

/** What such a request is called. */
export const warmId = z.string().regex(/^\w{1,64}$/)

/** A schedule that is kept, and when it holds next. */
export const keptSchedule = poolSchedule.extend({
  name: scheduleName,
  nextAt: z.iso.datetime(),
  /** Holds now. */
  active: z.boolean(),
})
export type KeptSchedule = z.infer<typeof keptSchedule>

/** A warm-ahead request that is kept until it expires. */
export const keptWarm = warmRequest.extend({ id: z.string(), expiresAt: z.iso.datetime() })
export type KeptWarm = z.infer<typeof keptWarm>

const distribution = z.object({
  count: z.number(),
  totalMs: z.number(),
  p50Ms: z.number(),
  p99Ms: z.number(),
})

/** How long a pool remembers what it was. */
export const poolHistory = { everyMs: 10_000, readings: 60 } as const

export const poolReading = z.object({
  ready: z.number(),
  target: z.number(),
  /** In the last whole minute. */
  claims: z.number(),
  /** Claims a minute that were expected. */
  forecast: z.number(),
})
export type PoolReading = z.infer<typeof poolReading>

/** One pool, as operators see it. What ends in `Total`, `hits` and `misses` only grow while the runtime lives. */
export const poolStatus = z.object({
  template: templateName,
  isolation,
  purpose: poolPurpose,
  /** The size class. */
  memoryMiB: z.number(),
  /** Sandboxes that it wants to hold now: what is asked for, within what the budget allows. */
  target: z.number(),
  ready: z.number(),
  creating: z.number(),
  hits: z.number(),
  misses: z.number(),
  /** What claims waited for their sandbox: all of them for the sums, the last 512 for the percentiles. */
  wait: distribution,
  /** Asked for by schedules and warm-ahead requests, less what has been claimed since. */
  asked: z.number(),
  forecast: z.object({
    /** Claims a minute that are expected, by the recent rate. */
    perMinute: z.number(),
    /** Variance of the claims in one window against their mean: 1 when they come independently, more for bursts. */
    burstiness: z.number(),
    /** For the last whole minute: what was expected before it, and what came. */
    expected: z.number(),
    actual: z.number(),
  }),
  /** One reading each ten seconds, the newest last, for ten minutes at most. */
  history: z.array(poolReading).readonly(),
  madeTotal: z.number(),
  /** Sandboxes made for the pool in the last minute. */
  refillsPerMinute: z.number(),
  /** Destroyed without having been claimed, and why. */
  discardedTotal: z.object({
    idle: z.number(),
    age: z.number(),
    rebuilt: z.number(),
    memory: z.number(),
    dead: z.number(),
  }),
  /** Why it does not fill, when making one failed; it tries again by itself. */
  failure: z.string().nullable(),
  retryAt: z.iso.datetime().nullable(),
})
export type PoolStatus = z.infer<typeof poolStatus>

/** What all sandboxes that wait may cost the node together. */
export const poolBudget = z.object({
  memoryMiB: z.number(),
  diskMiB: z.number(),
  /** Share of one processor that making them may take, on average. */
  cpus: z.number(),
  sandboxes: z.number(),
})
export type PoolBudget = z.infer<typeof poolBudget>

/** Answer of `GET /pools`. */
export const poolsStatus = z.object({
  pools: z.array(poolStatus),
  budget: poolBudget,
  /** What the sandboxes that wait now are reckoned at. */
  spent: poolBudget,
  schedules: z.array(keptSchedule),
  warm: z.array(keptWarm),
})
export type PoolsStatus = z.infer<typeof poolsStatus>

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}
