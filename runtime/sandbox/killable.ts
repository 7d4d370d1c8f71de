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
  sandbox: SandboxRecord,
): Promise<SandboxRecord> {
  const { hierarchy, cgroupRoot, ociRuntimes } = node
  if (sandbox.state === 'paused') await thaw(hierarchy, sandbox.cgroup)
  if (sandbox.init === null || hierarchy.version === 2 || !tenants.isPaused(sandbox.tenantId)) return sandbox
  for (const pid of await processesOf(hierarchy, sandbox.cgroup)) signal(pid, 'SIGKILL')
  const cgroup = join(cgroupRoot, 'pool', `${sandbox.id}-leaving`)
  relocate(hierarchy, sandbox.cgroup, cgroup)
  ociRuntimes.of(sandbox.isolation).relocated(sandbox.id, cgroup)
  return { ...sandbox, cgroup }
}
