import { z } from 'zod'
import { nodeId, sandboxId, snapshotId, tenantId, volumeId, volumeSnapshotId } from './ids.js'
import { storedLimits } from './limits.js'
import { templateName } from './sandbox.js'

export const quarantineId = z.string().regex(/^qr_[0-9a-z]{20}$/, 'is not an id of the quarantine')

/** Identifies a database and the nodes that belong to it. */
export const installationId = z.string().regex(/^in_[0-9a-z]{20}$/, 'is not the id of an installation')

/** Why a sandbox was set aside. */
export const quarantineCause = z.enum([
  'unreadable_record',
  'newer_record',
  'missing_record',
  'outdated_record',
  'duplicate_id',
  'unknown_to_database',
  'unknown',
])
export type QuarantineCause = z.infer<typeof quarantineCause>

/** A sandbox that was set aside, with its disk, because nobody could tell whose it is. Only an operator deletes it. */
export const quarantineEntry = z.object({
  id: quarantineId,
  at: z.iso.datetime(),
  cause: quarantineCause,
  reason: z.string().describe('what was found, in words'),
  sandboxId: sandboxId.nullable().describe('whose disk it is, as far as that can still be read'),
  tenantId: tenantId.nullable(),
  template: templateName.nullable(),
  limits: storedLimits.nullable(),
  createdAt: z.iso.datetime().nullable(),
  diskBytes: z.number().nullable().describe('null when there is no disk'),
  overdue: z.boolean().describe('has waited for longer than CLOCHE_QUARANTINE_DAYS'),
})
export type QuarantineEntry = z.infer<typeof quarantineEntry>

/** Body of `POST /api/v1/admin/quarantine/{id}/restore`. */
export const restoreSandbox = z.strictObject({
  sandboxId: sandboxId.optional().describe('needed only where the entry does not tell it'),
  tenantId: tenantId
    .optional()
    .describe('needed only where the database does not know the tenant of the entry'),
})

/** Body of `POST /api/v1/admin/quarantine`. */
export const quarantineSandbox = z.strictObject({ sandboxId })

/** A sandbox on a node that the database does not know there and that still runs. */
export const unknownSandbox = z.object({ id: sandboxId, tenantId, template: templateName, nodeId })

/** Volumes, snapshots of volumes, snapshots of sandboxes: their ids begin differently. */
export const diskId = z.union([volumeId, volumeSnapshotId, snapshotId])
export const diskKind = z.enum(['volume', 'volume_snapshot', 'snapshot'])

/** A volume or snapshot on a node whose record cannot be read, or that the database does not know. It stays where it is until an operator decides. */
export const orphanDisk = z.object({
  id: diskId,
  kind: diskKind,
  cause: quarantineCause,
  reason: z.string().describe('what was found, in words'),
  tenantId: tenantId.nullable().describe('whose it is, as far as that can still be read'),
  template: templateName.nullable().describe('that a snapshot is of, as far as that can still be read'),
  createdAt: z.iso.datetime().nullable(),
  diskBytes: z.number().nullable().describe('null when there is no disk'),
})
export type OrphanDisk = z.infer<typeof orphanDisk>
export const adminOrphanDisk = orphanDisk.extend({
  nodeId,
  at: z.iso.datetime().describe('since when it is known'),
  name: z.string().nullable().describe('as the database has it; null when it does not know it'),
})
export type AdminOrphanDisk = z.infer<typeof adminOrphanDisk>

/** Body of `POST /api/v1/admin/quarantine/disks/{id}/restore`. */
export const restoreDisk = z.strictObject({
  tenantId: tenantId
    .optional()
    .describe('needed only where the disk does not tell its tenant, or the database does not know that one'),
  template: templateName.optional().describe('needed only for a snapshot that does not tell its template'),
})
export const restoredDisk = z.object({ id: diskId, kind: diskKind, name: z.string(), tenantId })

/** `GET /api/v1/admin/quarantine`. */
export const adminQuarantine = z.object({
  entries: z.array(quarantineEntry.extend({ nodeId })),
  unknown: z.array(unknownSandbox).describe('on a node, not in the database, and not yet set aside'),
  disks: z
    .array(adminOrphanDisk)
    .describe(
      'volumes and snapshots on nodes that the database does not know, or whose record cannot be read',
    ),
  unreachable: z.array(nodeId).describe('nodes that do not answer: what they have set aside is not listed'),
})

/** `GET /api/v1/admin/installation`: whether database and a node belong together. */
export const pairing = z.object({
  state: z.enum(['unknown', 'paired', 'mismatch']),
  database: installationId.nullable(),
  node: installationId.nullable(),
  problem: z.string().nullable().describe('what is wrong and what to do'),
})
export type PairingStatus = z.infer<typeof pairing>

/** Body of `POST /api/v1/admin/installation/adopt`: the node as it was seen, so that no other one is adopted. */
export const adoptNode = z.strictObject({
  node: installationId.nullable().describe('id of the installation that the node says it belongs to'),
  nodeId: nodeId.optional().describe('which node; the oldest when it is left out'),
})
