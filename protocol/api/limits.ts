import { z } from 'zod'

/** What one sandbox may use. The kernel enforces each of them. */
export const limits = z.strictObject({
  /** CPU bandwidth in cores; 0.5 is half a core. */
  cpus: z.number().min(0.05).max(256).multipleOf(0.01),
  /** Memory with page cache, in MiB. */
  memoryMiB: z.int().min(16).max(1_048_576),
  /** Disk space above the template, in MiB. */
  diskMiB: z.int().min(16).max(16_777_216),
  /** Processes and threads. */
  pids: z.int().min(8).max(65_536),
  /** Swap beside the memory, in MiB; none if absent. */
  swapMiB: z.int().min(0).max(1_048_576).optional(),
  /** Disk bandwidth, in MiB a second; the node's own bound if absent. What each version of control groups holds: `docs/explanation/security.md`. */
  diskReadMiBps: z.int().min(1).max(65_536).optional(),
  diskWriteMiBps: z.int().min(1).max(65_536).optional(),
  /** Disk operations a second; the node's own bound if absent. */
  diskReadIops: z.int().min(10).max(10_000_000).optional(),
  diskWriteIops: z.int().min(10).max(10_000_000).optional(),
  /** Network bandwidth in each direction, in Mbit a second; the node's own bound if absent. */
  networkMbps: z.int().min(1).max(100_000).optional(),
})
export type Limits = z.infer<typeof limits>

const amount = z.number().nonnegative()

/**
 * Limits as they are read back from where they are stored: any numbers, and unknown names are dropped. What was accepted
 * once must stay readable, whatever a newer or older version accepts.
 */
export const storedLimits = z.object({
  ...{ cpus: amount, memoryMiB: amount, diskMiB: amount, pids: amount, swapMiB: amount.optional() },
  ...{ diskReadMiBps: amount.optional(), diskWriteMiBps: amount.optional() },
  ...{ diskReadIops: amount.optional(), diskWriteIops: amount.optional(), networkMbps: amount.optional() },
}) satisfies z.ZodType<Limits>

/** What a caller may leave out comes from the template. */
export const limitsRequest = limits.partial()
export type LimitsRequest = z.infer<typeof limitsRequest>

/** What all sandboxes of one tenant may use together. */
export const quota = limits.extend({
  /** Sandboxes that are not deleted. */
  sandboxes: z.int().min(0).max(1_000_000),
  /** Share of processors and disk when tenants compete for them; 100 if absent. Twice the weight, twice the share. */
  weight: z.int().min(1).max(10_000).optional(),
  /** One-off runs at once, beside the sandboxes; 4 if absent. More wait in the queue. */
  runs: z.int().min(0).max(1000).optional(),
  /** What requests and results of its runs may take in the database, in MiB; 1024 if absent. */
  runStorageMiB: z.int().min(1).max(1_048_576).optional(),
})
export type Quota = z.infer<typeof quota>

/** What a tenant's sandboxes hold of its quota now. A stopped one holds only its place and its disk. */
export const quotaUsed = z.object({
  sandboxes: z.number(),
  cpus: z.number(),
  memoryMiB: z.number(),
  diskMiB: z.number(),
  pids: z.number(),
})
export type QuotaUsed = z.infer<typeof quotaUsed>

/** What one sandbox uses for each second, over the last second or some more. */
export const usageRates = z.object({
  cpus: z.number().describe('processors in use: 1 is one whole processor'),
  networkRxBytesPerSecond: z.number(),
  networkTxBytesPerSecond: z.number(),
})
export type UsageRates = z.infer<typeof usageRates>

/**
 * What one sandbox has used, or uses now. What is counted (seconds, bytes read, written, received and sent,
 * kills) only grows until the sandbox is deleted, also across stop and start; a host that crashes loses what
 * was counted since its sandboxes were started.
 */
export const usage = z.object({
  rates: usageRates
    .nullable()
    .default(null)
    .describe('what it uses for each second now; null until it has been read twice'),
  cpuSeconds: z.number(),
  cpuThrottledSeconds: z.number().describe('time its processes wanted to run and were held back'),
  memoryBytes: z.number(),
  memoryPeakBytes: z.number(),
  pids: z.number(),
  diskBytes: z.number(),
  diskReadBytes: z.number().describe('from the disk itself; what the page cache answers does not count'),
  diskWriteBytes: z.number().describe('to the disk, as far as control groups can tell'),
  networkRxBytes: z.number().describe('received by the sandbox'),
  networkTxBytes: z.number().describe('sent by the sandbox'),
  oomKills: z.number().describe('processes that the kernel killed at the memory limit'),
})
export type Usage = z.infer<typeof usage>

/** Something that happened in a sandbox and explains why a program failed. */
export const incident = z.object({
  kind: z
    .enum(['oom_kill', 'disk_full', 'pids_limit', 'network_denied'])
    .describe(
      'a process was killed at the memory limit; less than 1 MiB of the disk is left; a new process or thread was refused; a host was asked for that is not on the allowlist of the network',
    ),
  process: z
    .string()
    .max(64)
    .nullable()
    .describe('the name that the killed process had given itself; null when it is not known'),
  host: z
    .string()
    .max(255)
    .nullable()
    .default(null)
    .describe('the name that was asked for last; null for all other kinds'),
  count: z.int().describe('how often it was seen since the node was started'),
  at: z.iso.datetime().describe('when it was last seen, some seconds after it happened'),
})
export type Incident = z.infer<typeof incident>
