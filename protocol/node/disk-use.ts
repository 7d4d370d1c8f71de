import { z } from 'zod'
import { tenantId } from '../api/ids.js'
import { diskUse } from '../api/usage.js'

/** What each tenant has on the disk of a node. */
export const nodeDiskUse = z.object({
  tenants: z.array(diskUse.omit({ complete: true }).extend({ tenantId })),
})
export type NodeDiskUse = z.infer<typeof nodeDiskUse>
