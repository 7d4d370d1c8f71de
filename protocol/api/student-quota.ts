import { z } from 'zod'

const whole = (most: number) => z.int().min(0).max(most)

/** What one student may have at once. */
const parts = {
  sandboxes: whole(1_000_000).describe('that are not deleted'),
  awake: whole(1_000_000).describe('sandboxes that are not stopped'),
  cpus: z.number().min(0).max(256).multipleOf(0.01).describe('of the sandboxes that are not stopped'),
  memoryMiB: whole(1_048_576).describe('of the sandboxes that are not stopped'),
  diskMiB: whole(16_777_216).describe('of sandboxes and snapshots'),
  pids: whole(1_000_000).describe('processes and threads, of the sandboxes that are not stopped'),
  snapshots: whole(1000),
  runs: whole(1000).describe('under way at once'),
  queuedRuns: whole(100_000).describe('that wait'),
  runStorageMiB: whole(1_048_576).describe('requests and results of runs'),
} as const

export const studentQuota = z.object(parts)
export type StudentQuota = z.infer<typeof studentQuota>
export type StudentQuotaPart = keyof StudentQuota

/** What the tenant or a class says of it: some parts. */
export const ownStudentQuota = studentQuota.partial()
export type OwnStudentQuota = z.infer<typeof ownStudentQuota>

/** A change of that. What is left out stays, and null takes a part back. */
export const changeStudentQuota = z.strictObject({
  sandboxes: parts.sandboxes.nullable().optional(),
  awake: parts.awake.nullable().optional(),
  cpus: parts.cpus.nullable().optional(),
  memoryMiB: parts.memoryMiB.nullable().optional(),
  diskMiB: parts.diskMiB.nullable().optional(),
  pids: parts.pids.nullable().optional(),
  snapshots: parts.snapshots.nullable().optional(),
  runs: parts.runs.nullable().optional(),
  queuedRuns: parts.queuedRuns.nullable().optional(),
  runStorageMiB: parts.runStorageMiB.nullable().optional(),
})
export type ChangeStudentQuota = z.infer<typeof changeStudentQuota>

/** Of a class or a tenant: what it says, and what one student has by it. */
export const studentQuotaSaid = z.object({
  said: ownStudentQuota.describe('what it says itself'),
  limits: studentQuota.describe('what one student may have at once by it'),
})

const amount = z.number()
/** What a student has of it now. */
export const studentQuotaUsed = z.object({
  ...{ sandboxes: amount, awake: amount, cpus: amount, memoryMiB: amount, diskMiB: amount, pids: amount },
  ...{ snapshots: amount, runs: amount, queuedRuns: amount, runStorageMiB: amount },
})
export type StudentQuotaUsed = z.infer<typeof studentQuotaUsed>
