import { z } from 'zod'
import { sandboxId, snapshotId } from './ids.js'
import { storedLimits } from './limits.js'
import { listOf, page } from './lists.js'
import {
  copyOf,
  displayName,
  insidePath,
  isolation,
  publish,
  sandboxWithUsage,
  templateName,
} from './sandbox.js'
import { volumeMounts } from './volume-mounts.js'

/** Body of `POST /sandboxes/{id}/snapshots`. */
export const createSnapshot = z.strictObject({
  name: displayName.optional().describe('no other snapshot of the tenant has it; made up if absent'),
})
export type CreateSnapshot = z.infer<typeof createSnapshot>

/** Body of `PATCH /snapshots/{id}`. */
export const changeSnapshot = z.strictObject({
  name: displayName.optional().describe('no other snapshot of the tenant has it'),
  copyOf: publish,
})
export type ChangeSnapshot = z.infer<typeof changeSnapshot>

/** The disk of a sandbox as it was at one moment. */
export const snapshot = z.object({
  id: snapshotId,
  name: z.string(),
  sandboxId: sandboxId.describe('that it was taken of, which may be gone by now'),
  sandboxName: z.string(),
  parentId: snapshotId.nullable().describe('that the sandbox was made from or restored to before'),
  template: templateName,
  isolation,
  limits: storedLimits.describe('of the sandbox; what is made from it has these unless said otherwise'),
  sizeBytes: z.number().describe('what it holds beyond its template, which counts against the quota of disk'),
  exclusiveBytes: z
    .number()
    .nullable()
    .describe('of these, what no sandbox and no other snapshot shares; null while its node does not answer'),
  createdAt: z.iso.datetime(),
  createdBy: z.string().nullable(),
  copyOf,
})
export type Snapshot = z.infer<typeof snapshot>

export const snapshotList = listOf(snapshot)
export const snapshotParams = z.object({ id: snapshotId })
/** Query of `GET /snapshots/{id}/archive`. */
export const snapshotArchive = z.object({
  path: insidePath.default('/').describe('the directory or file; everything, with its template, if absent'),
})
export const snapshotPage = page.extend({ sandbox: sandboxId.optional().describe('only of this sandbox') })

/** Body of `POST /sandboxes/{id}/restore`. */
export const restoreSnapshot = z.strictObject({
  snapshot: snapshotId,
  name: displayName.optional().describe('of the snapshot that is taken first of the disk as it is'),
})
export type RestoreSnapshot = z.infer<typeof restoreSnapshot>

/** What a restore came to. */
export const restoredSandbox = z.object({
  sandbox: sandboxWithUsage,
  before: snapshot.describe('the disk as it was until then'),
})
export type RestoredSandbox = z.infer<typeof restoredSandbox>

/** Body of `POST /sandboxes/{id}/fork`. */
export const forkSandbox = z.strictObject({
  count: z.int().min(1).max(20).default(1),
  name: displayName.optional().describe('of the fork; with several, the beginning of their names'),
  volumes: volumeMounts
    .optional()
    .describe('if absent, the same volumes as the sandbox, which they share then; empty for none'),
})
export type ForkSandbox = z.infer<typeof forkSandbox>
export const forkedSandboxes = z.object({ sandboxes: z.array(sandboxWithUsage) })

/** A path that differs from the template. */
export const diskChange = z.object({
  path: z.string().describe('absolute, written as paths of the files calls are'),
  change: z.enum(['added', 'changed', 'deleted']),
  type: z.enum(['file', 'directory', 'symlink', 'other']).nullable().describe('null of what was deleted'),
  sizeBytes: z.number(),
})
export type DiskChange = z.infer<typeof diskChange>

export const diskChanges = z.object({
  changes: z.array(diskChange),
  truncated: z.boolean().describe('there are more'),
})
export type DiskChanges = z.infer<typeof diskChanges>
