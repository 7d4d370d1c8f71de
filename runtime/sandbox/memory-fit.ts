import { boundNamespaces } from '../cgroup/host.js'
import { ipcBounds, resizeMemoryFiles } from '../container/memory-files.js'
import { RuntimeRefusal } from '../errors.js'
import type { Reaper } from '../linux/process.js'
import type { SandboxRecord } from './record.js'
import { sizeClass } from './size.js'

const mib = 1024 ** 2

/** The memory that bounds a sandbox's files in memory, in bytes: of its class, for a pooled one has no other yet. */
export const memoryOfFiles = (sandbox: SandboxRecord): number => sizeClass(sandbox.limits.memoryMiB) * mib

/**
 * Brings what a running sandbox may hold in memory without any process to its limits.
 * @param before what they are brought back to when they do not fit
 * @throws RuntimeRefusal `quota_exceeded` when a file system in memory holds more; nothing is changed then
 */
export async function fitMemoryFiles(
  reaper: Reaper,
  sandbox: SandboxRecord,
  before: SandboxRecord,
): Promise<void> {
  // gVisor has these in its own memory.
  if (sandbox.init === null || sandbox.isolation !== 'standard') return
  const full = resizeMemoryFiles(sandbox.init.pid, memoryOfFiles(sandbox))
  if (full === undefined) {
    // What is there already stays, however much it is.
    return boundNamespaces(reaper, sandbox.init.pid, ipcBounds(memoryOfFiles(sandbox)))
  }
  resizeMemoryFiles(sandbox.init.pid, memoryOfFiles(before))
  throw new RuntimeRefusal(
    'quota_exceeded',
    `sandbox ${sandbox.sandboxId} cannot be held to ${sandbox.limits.memoryMiB} MiB of memory: its files in ${full} need more`,
  )
}
