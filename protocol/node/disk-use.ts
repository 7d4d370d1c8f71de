import { z } from 'zod'
import { tenantId } from '../api/ids.js'
import { templateName } from '../api/sandbox.js'
import { diskUse } from '../api/usage.js'
import { layerName } from './images.js'

/** What each tenant has on the disk of a node. */
export const nodeDiskUse = z.object({
  tenants: z.array(diskUse.omit({ complete: true, templates: true, images: true }).extend({ tenantId })),
  /** Of tenants, by the names that the node has for them; whose they are the server knows. */
  templates: z
    .array(
      z.object({ name: templateName, layers: z.array(z.object({ name: layerName, bytes: z.number() })) }),
    )
    .default([]),
  /** Layers that sandboxes and snapshots lie over. */
  inUse: z.array(z.object({ tenantId, layers: z.array(layerName) })).default([]),
})
export type NodeDiskUse = z.infer<typeof nodeDiskUse>
