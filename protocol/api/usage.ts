import { z } from 'zod'
import { quota, quotaUsed } from './limits.js'
import { studentQuota, studentQuotaSaid, studentQuotaUsed } from './student-quota.js'

/** `GET /quota`: what a tenant may have, and what its sandboxes hold of it; for a student their own share of it. */
export const quotaStatus = z.object({
  limits: quota,
  used: quotaUsed,
  students: studentQuotaSaid
    .nullable()
    .describe('what one student may have where their class says nothing else; null for students'),
  student: z
    .object({ limits: studentQuota, used: studentQuotaUsed })
    .nullable()
    .describe('of a student: what they may have at once, and what they have'),
})
export type QuotaStatus = z.infer<typeof quotaStatus>

/** One hour of one tenant. */
export const usageHour = z.object({
  hour: z.iso.datetime(),
  sandboxSeconds: z.number(),
  cpuSeconds: z.number(),
  memoryByteSeconds: z.number(),
  memoryPeakBytes: z.number(),
  diskByteSeconds: z.number(),
  diskReadBytes: z.number(),
  diskWriteBytes: z.number(),
  networkRxBytes: z.number(),
  networkTxBytes: z.number(),
})
export type UsageHour = z.infer<typeof usageHour>

/** Query of `GET /usage` and `GET /usage.csv`. Hours without use are left out. */
export const usageQuery = z.object({
  from: z.iso.datetime({ offset: true }).max(40).optional().describe('24 hours before `to` if absent'),
  to: z.iso.datetime({ offset: true }).max(40).optional().describe('now if absent'),
})
export type UsageQuery = z.infer<typeof usageQuery>

export const usageReport = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  hours: z.array(usageHour),
})
export type UsageReport = z.infer<typeof usageReport>

/** Bytes on the disks of the nodes. */
const diskBytes = z.object({
  count: z.number(),
  bytes: z.number().describe('what they hold; what several of them share counts for each'),
  exclusiveBytes: z.number().describe('of these, what nothing else of the tenant shares'),
})

/** Kinds of what a tenant has on disks. */
export const diskKinds = [
  ...(['sandboxes', 'snapshots', 'templates', 'images', 'volumes', 'volumeSnapshots'] as const),
] as const

/** `GET /usage/disk`: templates for everybody are not counted, which all sandboxes share. */
export const diskUse = z.object({
  ...{ sandboxes: diskBytes, snapshots: diskBytes, volumes: diskBytes },
  templates: diskBytes.describe("the tenant's own: layers without those of templates for everybody"),
  images: diskBytes.describe('in the registry: each blob once, and the number of manifests'),
  volumeSnapshots: diskBytes,
  complete: z.boolean().describe('false while a node does not answer: what is on it is missing'),
})
export type DiskUse = z.infer<typeof diskUse>
