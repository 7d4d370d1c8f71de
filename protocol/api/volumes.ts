import { z } from 'zod'
import { sandboxId, volumeId, volumeSnapshotId } from './ids.js'
import { listOf, page } from './lists.js'
import { displayName } from './sandbox.js'

const mebibytes = z.int().min(16).max(16_777_216)

/** Body of `POST /volumes`. */
export const createVolume = z.strictObject({
  name: displayName.describe('no other volume of the tenant has it'),
  sizeMiB: mebibytes
    .optional()
    .describe(
      'what it holds at most, which counts against the quota of disk; 1024 if absent, or as `from` had',
    ),
  from: volumeSnapshotId.optional().describe('a snapshot of a volume, whose files it begins with'),
})
export type CreateVolume = z.infer<typeof createVolume>

/** Body of `PATCH /volumes/{id}`. */
export const changeVolume = z.strictObject({
  name: displayName.optional(),
  sizeMiB: mebibytes.optional().describe('not less than it holds'),
})
export type ChangeVolume = z.infer<typeof changeVolume>

/** A named disk of its own, which sandboxes mount. */
export const volume = z.object({
  id: volumeId,
  name: z.string(),
  sizeMiB: z.number(),
  usedBytes: z.number().nullable().describe('what it holds; null while its node does not answer'),
  exclusiveBytes: z.number().nullable().describe('of these, what no snapshot shares'),
  usedBy: z
    .array(z.object({ id: sandboxId, name: z.string(), path: z.string(), readOnly: z.boolean() }))
    .describe('sandboxes that have it, running or not'),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
})
export type Volume = z.infer<typeof volume>
export const volumeList = listOf(volume)
export const volumeParams = z.object({ id: volumeId })

/** Body of `POST /volumes/{id}/snapshots`. */
export const createVolumeSnapshot = z.strictObject({
  name: displayName.optional().describe('made up if absent'),
})
export type CreateVolumeSnapshot = z.infer<typeof createVolumeSnapshot>

/** A volume as it was at one moment. */
export const volumeSnapshot = z.object({
  id: volumeSnapshotId,
  name: z.string(),
  volumeId: volumeId.describe('of which it was taken, which may be gone by now'),
  volumeName: z.string(),
  sizeBytes: z.number().describe('what it holds, which counts against the quota of disk'),
  exclusiveBytes: z.number().nullable().describe('of these, what nothing else shares'),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
})
export type VolumeSnapshot = z.infer<typeof volumeSnapshot>
export const volumeSnapshotList = listOf(volumeSnapshot)
export const volumeSnapshotParams = z.object({ id: volumeSnapshotId })
export const volumeSnapshotPage = page.extend({ volume: volumeId.optional().describe('only of this volume') })
