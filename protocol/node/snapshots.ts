import { z } from 'zod'
import { sandboxId, snapshotId, tenantId } from '../api/ids.js'
import { storedLimits } from '../api/limits.js'
import { isolation, templateName } from '../api/sandbox.js'

/** A snapshot as a node has it. */
export const nodeSnapshot = z.object({
  id: snapshotId,
  tenantId,
  /** Of which it was taken. */
  sandboxId,
  template: templateName,
  isolation,
  limits: storedLimits,
  createdAt: z.iso.datetime(),
  /** What it holds beyond its template, and of these what nothing else holds; as of the last commit to the disk. */
  sizeBytes: z.number(),
  exclusiveBytes: z.number(),
})
export type NodeSnapshot = z.infer<typeof nodeSnapshot>

export const nodeSnapshots = z.object({ snapshots: z.array(nodeSnapshot) })

/**
 * Body of `POST /sandboxes/:id/rollback`: the disk as it is becomes the snapshot `keepAs` first. Without `snapshot` the sandbox has
 * what its template has, and nothing else.
 */
export const rollbackRequest = z.strictObject({ snapshot: snapshotId.optional(), keepAs: snapshotId })
export type RollbackRequest = z.infer<typeof rollbackRequest>
