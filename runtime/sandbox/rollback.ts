import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { exchange } from '../linux/libc.js'
import { overwriteJson } from '../linux/overwrite.js'
import { snapshotVolume } from '../rootfs/snapshot.js'
import { createVolume, destroyVolume, volumeId } from '../rootfs/volume.js'
import { type NodeContext, volumeOf } from './node.js'
import { asStored, type SandboxRecord } from './record.js'

const mib = 1024 ** 2

/** Names of disks that are about to take a sandbox's place, or have just left it. */
export const unfinishedRollback = /^b[0-9]+\.new$/

/**
 * Puts the disk of a stopped sandbox back to a snapshot, or with no `path` to its template. The new disk is made beside the old one, and both change places
 * at once. A runtime that is killed in the middle leaves a record that says what was under way: `finishRollback`.
 * A snapshot of the old disk must have been taken: it is destroyed.
 *
 * @param keep writes the record
 */
export async function rollback(
  node: NodeContext,
  sandbox: SandboxRecord,
  to: { readonly path: string | undefined } & Pick<SandboxRecord, 'template' | 'layers' | 'image' | 'system'>,
  keep: (sandbox: SandboxRecord) => void,
): Promise<void> {
  const beside = join(node.disk, 'snapshots', `${sandbox.id}.new`)
  if (existsSync(beside)) destroyVolume(beside)
  const sizeBytes = sandbox.limits.diskMiB * mib
  const volume =
    to.path === undefined
      ? createVolume(beside, sizeBytes)
      : await snapshotVolume(to.path, beside, sizeBytes, sandbox.tenantId ?? '')
  const { template, layers, image, system } = to
  const made = { template, layers, image, system }
  const after: SandboxRecord = { ...sandbox, ...made, volumeId: volume.id, rollback: null }
  overwriteJson(join(beside, 'record.json'), asStored(after))
  keep({ ...sandbox, rollback: made })
  exchange(beside, volumeOf(node, sandbox))
  keep(after)
  destroyVolume(beside)
}

/** The record of a sandbox whose disk was being replaced when the runtime was killed: as the disk in its place is. */
export function finishRollback(node: NodeContext, sandbox: SandboxRecord): SandboxRecord {
  const { rollback } = sandbox
  if (rollback === null) return sandbox
  const now = volumeId(volumeOf(node, sandbox))
  const moved = now !== sandbox.volumeId
  return { ...sandbox, ...(moved ? { ...rollback, volumeId: now } : {}), rollback: null }
}
