import { z } from 'zod'
import { tenantId } from '../../protocol/api/index.js'
import { nodeVolumeId } from '../../protocol/node/index.js'

/** Grows when a record no longer means what an earlier version would take it to mean. */
export const recordVersion = 1

/** What is written down of a volume or of a snapshot of one. What was written once must be readable for ever. */
export const volumeRecord = z.object({
  version: z.literal(recordVersion),
  id: nodeVolumeId,
  tenantId,
  /** Null of a snapshot. */
  sizeMiB: z.number().nullable(),
  /** What it was made from. */
  from: nodeVolumeId.nullable().default(null),
  createdAt: z.iso.datetime(),
})
export type VolumeRecord = z.infer<typeof volumeRecord>

export const freshRecord = (of: Omit<VolumeRecord, 'version' | 'createdAt'>): VolumeRecord => ({
  ...{ version: recordVersion, createdAt: new Date().toISOString() },
  ...of,
})
