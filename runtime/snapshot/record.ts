import { z } from 'zod'
import {
  isolation,
  sandboxId,
  snapshotId,
  storedLimits,
  templateName,
  tenantId,
} from '../../protocol/api/index.js'
import { imageSettings } from '../container/image-settings.js'
import { Records } from '../linux/records.js'

/** Grows when a record no longer means what an earlier version would take it to mean. */
export const recordVersion = 1

/** What is written down of a snapshot, apart from its disk. What was written once must be readable for ever. */
const snapshotRecord = z.object({
  version: z.literal(recordVersion),
  id: snapshotId,
  tenantId,
  sandboxId,
  template: templateName,
  layers: z.array(z.string()),
  /** As of the sandbox. */
  image: imageSettings.nullable().default(null),
  system: z.boolean().default(false),
  isolation,
  limits: storedLimits,
  createdAt: z.iso.datetime(),
})
export type SnapshotRecord = z.infer<typeof snapshotRecord>

export const freshRecord = (of: Omit<SnapshotRecord, 'version' | 'createdAt'>): SnapshotRecord => ({
  ...{ version: recordVersion, createdAt: new Date().toISOString() },
  ...of,
})

/** Records of snapshots: a file `<id>.json` each. */
export const snapshotRecords = (directory: string) => new Records(directory, snapshotRecord)
