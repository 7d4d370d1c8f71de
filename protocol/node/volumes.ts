import { z } from 'zod'
import { tenantId, volumeId, volumeSnapshotId } from '../api/ids.js'
import { quota } from '../api/limits.js'
import { execRequest } from '../api/sandbox.js'

/** A volume or a snapshot of one, as a node has it. */
export const nodeVolumeId = z.union([volumeId, volumeSnapshotId])
export const nodeVolume = z.object({
  id: nodeVolumeId,
  tenantId,
  /** Null of a snapshot, which nobody writes to. */
  sizeMiB: z.number().nullable(),
  /** What it holds, and of these what nothing else holds; as of the last commit to the disk. */
  usedBytes: z.number(),
  exclusiveBytes: z.number(),
})
export type NodeVolume = z.infer<typeof nodeVolume>
export const nodeVolumes = z.object({ volumes: z.array(nodeVolume) })

/** Body of `PUT /volumes/:id`. */
export const makeVolume = z.strictObject({
  tenantId,
  /** Null for a snapshot. */
  sizeMiB: z.int().min(1).nullable(),
  /** Of which it is a copy; of the same tenant. */
  from: nodeVolumeId.optional(),
})
export type MakeVolume = z.infer<typeof makeVolume>

/** Body of `PATCH /volumes/:id`. */
export const resizeVolume = z.strictObject({ sizeMiB: z.int().min(1) })

/** Where the volume is in the sandbox in which it is searched. */
export const searchedVolume = '/volume'

/** Body of `POST /volumes/:id/search`: the command that searches, and whose it is. */
export const searchVolume = z.strictObject({ exec: execRequest, tenantId, quota })
export type SearchVolume = z.infer<typeof searchVolume>
