import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { RestoreRequest } from '../../protocol/node/index.js'
import { imageSettings } from '../container/image-settings.js'
import { RuntimeRefusal } from '../errors.js'
import type { LocalTemplate } from '../rootfs/templates.js'
import * as lifecycle from './lifecycle.js'
import type { NodeContext } from './node.js'
import { freshRecord, type SandboxRecord } from './record.js'

/**
 * Puts the disk of a quarantined sandbox back, under a record made from what the database says and from what is left of
 * the old one. Without a record the layers are those that the template has today.
 *
 * @throws RuntimeRefusal `not_found`, `conflict` with what is missing; the entry stays as it was
 */
export function restored(
  node: NodeContext,
  entry: string,
  as: RestoreRequest,
  templates: ReadonlyMap<string, LocalTemplate>,
): SandboxRecord {
  const found = node.quarantine.recordOf(entry)
  if (found !== undefined && found.sandboxId !== null && found.sandboxId !== as.sandboxId) {
    throw new RuntimeRefusal('conflict', `${entry} is the disk of sandbox ${found.sandboxId}`)
  }
  const known = templates.get(as.template)
  const layers = found?.layers ?? known?.layers
  const image = found === undefined ? (known?.image ?? null) : found.image
  if (layers === undefined) {
    throw new RuntimeRefusal('conflict', `this node has no template ${as.template}: build it first`)
  }
  const missing = layers.filter((layer) => !existsSync(join(node.disk, 'layers', layer)))
  if (missing.length > 0) {
    throw new RuntimeRefusal('conflict', `this node lacks layers of the disk: ${missing.join(', ')}`)
  }
  const limits = as.limits ?? found?.limits ?? templates.get(as.template)?.defaults
  if (limits === undefined) throw new RuntimeRefusal('conflict', `nobody knows the limits of ${as.sandboxId}`)
  const { sandboxId, tenantId, template } = as
  const network = as.network ?? found?.network ?? 'none'
  const isolation = as.isolation ?? found?.isolation ?? 'standard'
  const env = as.env ?? found?.env ?? {}
  // It may be restored for another tenant than it was of: its volumes and its stack are not that one's.
  const own = found?.tenantId === tenantId ? found : undefined
  const volumes = as.volumes ?? own?.volumes ?? []
  const hostname = as.hostname ?? found?.hostname ?? 'sandbox'
  const index = node.ranges.take()
  const fresh = freshRecord(index, {
    ...{
      sandboxId,
      tenantId,
      purpose: 'sandbox',
      template,
      layers,
      limits,
      network,
      isolation,
      system: (found ?? known)?.system ?? false,
      env,
      image: image === null ? null : imageSettings.parse(image),
      hostname,
      volumes,
      service: own?.service ?? null,
      stack: own?.stack ?? null,
    },
    cgroup: join(node.cgroupRoot, tenantId, sandboxId),
  })
  const sandbox: SandboxRecord = { ...fresh, state: 'stopped', counted: found?.counted ?? fresh.counted }
  if (found?.unknown !== undefined) sandbox.unknown = found.unknown
  if (found !== undefined) sandbox.createdAt = found.createdAt
  try {
    return node.quarantine.restore(entry, sandbox, lifecycle.directoryOf(node, sandbox))
  } catch (error) {
    node.ranges.releaseAfter(index, Promise.resolve(), node.log)
    throw error
  }
}
