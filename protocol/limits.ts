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
})
export type Limits = z.infer<typeof limits>

/** What a caller may leave out comes from the template. */
export const limitsRequest = limits.partial()
export type LimitsRequest = z.infer<typeof limitsRequest>

/** What all sandboxes of one tenant may use together. */
export const quota = limits.extend({
  /** Sandboxes that are not deleted. */
  sandboxes: z.int().min(0).max(1_000_000),
})
export type Quota = z.infer<typeof quota>

/** What one sandbox has used, or uses now. Counters only grow while the sandbox lives. */
export const usage = z.object({
  cpuSeconds: z.number(),
  memoryBytes: z.number(),
  memoryPeakBytes: z.number(),
  pids: z.number(),
  diskBytes: z.number(),
  networkRxBytes: z.number().describe('received by the sandbox'),
  networkTxBytes: z.number().describe('sent by the sandbox'),
  oomKills: z.number().describe('processes that the kernel killed at the memory limit'),
})
export type Usage = z.infer<typeof usage>
