import { z } from 'zod'
import { tenantId } from './ids.js'
import { quota, quotaUsed } from './limits.js'
import { poolStatus } from './pools.js'
import { diskUse } from './usage.js'

export const node = z.object({
  name: z.string(),
  version: z.string(),
  kernel: z.string(),
  cgroupVersion: z.union([z.literal(1), z.literal(2)]),
  startedAt: z.iso.datetime(),
  cpus: z.number(),
  load1: z.number(),
  memoryTotalBytes: z.number(),
  memoryAvailableBytes: z.number(),
  diskTotalBytes: z.number(),
  diskUsedBytes: z.number(),
  /** Free on the host's own disk, which a sparse sandbox disk grows into. */
  hostFreeBytes: z.number(),
  /** Why no sandbox can be hardened on this node; null when they can. */
  hardenedProblem: z.string().nullable(),
  /** Why sandboxes see the processors, memory and load of the host; null when they see their own. */
  viewProblem: z.string().nullable(),
  /** Why new sandboxes are refused with `node_full` or `disk_full`; null while they are not. */
  full: z.string().nullable(),
  /** Which installation the node belongs to; null until a server has told it. */
  installation: z.string().nullable(),
  /** Its id in that installation; null until a server has told it. */
  nodeId: z.string().nullable().default(null),
  /** Sandboxes that were set aside with their disks, until an operator decides. */
  quarantined: z.number(),
  /** What an operator should look at, a sentence each. */
  problems: z.array(z.string()),
  sandboxes: z.number(),
  running: z.number(),
  pools: z.array(poolStatus),
})
export type Node = z.infer<typeof node>

/** `GET /admin/node`. */
export const adminNode = node

/** `GET /admin/tenants`. */
export const adminTenant = z.object({
  id: tenantId,
  name: z.string(),
  createdAt: z.iso.datetime(),
  members: z.number(),
  quota,
  used: quotaUsed,
  paused: z.boolean(),
  disk: diskUse.optional().describe('what it has on disks now; in the list only'),
})
export type AdminTenant = z.infer<typeof adminTenant>

/** Body of `PATCH /admin/tenants/{id}`. */
export const changeTenant = z.strictObject({ quota: quota.partial().optional() })
