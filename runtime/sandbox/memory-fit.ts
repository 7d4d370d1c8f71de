import { boundNamespaces } from '../cgroup/host.js'
import { ipcBounds, resizeMemoryFiles } from '../container/memory-files.js'
import { RuntimeRefusal } from '../errors.js'
import type { Reaper } from '../linux/process.js'
import type { SandboxRecord } from './record.js'
import { sizeClass } from './size.js'

const mib = 1024 ** 2

/** The memory that bounds a sandbox's files in memory, in bytes: of its class, for a pooled one has no other yet. */
export const memoryOfFiles = (box: SandboxRecord): number => sizeClass(box.limits.memoryMiB) * mib

/**
 * Brings what a running sandbox may hold in memory without any process to its limits.
 * @param before what they are brought back to when they do not fit
 * @throws RuntimeRefusal `quota_exceeded` when a file system in memory holds more; nothing is changed then
 */
export async function fitMemoryFiles(
  reaper: Reaper,
  box: SandboxRecord,
  before: SandboxRecord,
): Promise<void> {
  // gVisor has these in its own memory.
  if (box.init === null || box.isolation !== 'standard') return
  const full = resizeMemoryFiles(box.init.pid, memoryOfFiles(box))
  if (full === undefined) {
    // What is there already stays, however much it is.
    return boundNamespaces(reaper, box.init.pid, ipcBounds(memoryOfFiles(box)))
  }
  resizeMemoryFiles(box.init.pid, memoryOfFiles(before))
  throw new RuntimeRefusal(
    'quota_exceeded',
    `sandbox ${box.sandboxId} cannot be held to ${box.limits.memoryMiB} MiB of memory: its files in ${full} need more`,
  )
}
