import { join } from 'node:path'
import { thaw } from '../cgroup/freezer.js'
import { processesOf } from '../cgroup/hierarchy.js'
import { relocate } from '../cgroup/relocate.js'
import { signal } from '../linux/process.js'
import type { NodeContext } from './node.js'
import type { SandboxRecord } from './record.js'
import type { Tenants } from './tenants.js'

/**
 * Makes sure that the sandbox's processes can die: version 1 lets no frozen process. Those of a paused tenant
 * are killed and moved out of it, and die when they thaw there.
 */
export async function ensureKillable(
  node: NodeContext,
  tenants: Tenants,
  box: SandboxRecord,
): Promise<SandboxRecord> {
  const { hierarchy, cgroupRoot, ociRuntimes } = node
  if (box.state === 'paused') await thaw(hierarchy, box.cgroup)
  if (box.init === null || hierarchy.version === 2 || !tenants.isPaused(box.tenantId)) return box
  for (const pid of await processesOf(hierarchy, box.cgroup)) signal(pid, 'SIGKILL')
  const cgroup = join(cgroupRoot, 'pool', `${box.id}-leaving`)
  relocate(hierarchy, box.cgroup, cgroup)
  ociRuntimes.of(box.isolation).relocated(box.id, cgroup)
  return { ...box, cgroup }
}
