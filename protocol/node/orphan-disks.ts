import { z } from 'zod'
import { sandboxId, tenantId } from '../api/ids.js'
import { storedLimits } from '../api/limits.js'
import { orphanDisk } from '../api/quarantine.js'
import { isolation, templateName } from '../api/sandbox.js'
import { nodeSnapshot } from './snapshots.js'
import { nodeVolume } from './volumes.js'

/** Volumes and snapshots of a node whose record is missing or cannot be read. */
export const nodeOrphanDisks = z.object({ disks: z.array(orphanDisk) })

/** Body of `POST /orphan-disks/:id/restore`: what the disk does not tell by itself. It decides over that for whom the disk is. */
export const restoreDiskRequest = z.strictObject({
  tenantId,
  /** Of a volume; what the kernel holds it to when it is left out. */
  sizeMiB: z.int().min(1).optional(),
  /** Of a snapshot. */
  sandboxId: sandboxId.optional(),
  template: templateName.optional(),
  isolation: isolation.optional(),
  limits: storedLimits.optional(),
})
export type RestoreDiskRequest = z.infer<typeof restoreDiskRequest>

export const restoredNodeDisk = z.object({ volume: nodeVolume.optional(), snapshot: nodeSnapshot.optional() })
