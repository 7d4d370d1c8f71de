import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { RuntimeRefusal } from '../errors.js'
import type { Hierarchy } from './hierarchy.js'
import { keyed } from './usage.js'

const mib = 1024 ** 2

/**
 * Looks whether what a cgroup's processes hold now fits `limits`. The kernel would not say so everywhere:
 * version 2 kills until it fits, and neither version looks at processes that are there already. Page cache does
 * not count, for it goes when it is asked to.
 *
 * @param whose for the message: a sandbox or a tenant
 * @throws RuntimeRefusal `quota_exceeded`
 */
export async function assertFits(
  hierarchy: Hierarchy,
  path: string,
  limits: { readonly memoryMiB: number; readonly pids: number },
  whose: string,
): Promise<void> {
  const [memoryBytes, pids] = await Promise.all([heldMemory(hierarchy, path), heldPids(hierarchy, path)])
  if (memoryBytes > limits.memoryMiB * mib) {
    throw inUse(whose, `${limits.memoryMiB} MiB of memory`, `${Math.ceil(memoryBytes / mib)} MiB`)
  }
  if (pids > limits.pids) throw inUse(whose, `${limits.pids} processes`, String(pids))
}

/** A limit that is lower than what is there already. */
export const inUse = (whose: string, wanted: string, used: string) =>
  new RuntimeRefusal('quota_exceeded', `${whose} cannot be held to ${wanted}: ${used} are in use`)

async function heldPids(hierarchy: Hierarchy, path: string): Promise<number> {
  return Number(await read(hierarchy.mountOf('pids'), path, 'pids.current'))
}

/** Bytes that the kernel cannot take back. */
async function heldMemory(hierarchy: Hierarchy, path: string): Promise<number> {
  const mount = hierarchy.mountOf('memory')
  const current = hierarchy.version === 2 ? 'memory.current' : 'memory.usage_in_bytes'
  const [bytes, stat] = await Promise.all([read(mount, path, current), read(mount, path, 'memory.stat')])
  const cache = keyed(stat, hierarchy.version === 2 ? 'file' : 'total_cache')
  // Files of a tmpfs are page cache that has nowhere to go.
  const shmem = keyed(stat, hierarchy.version === 2 ? 'shmem' : 'total_shmem')
  return Math.max(0, Number(bytes) - (cache - shmem) - keyed(stat, 'slab_reclaimable'))
}

/** A cgroup that is not there holds nothing. */
function read(mount: string | undefined, path: string, file: string): Promise<string> {
  return readFile(join(mount ?? '/nonexistent', path, file), 'utf8').catch(() => '')
}
