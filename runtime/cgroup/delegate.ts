import { chownSync } from 'node:fs'
import { join } from 'node:path'
import { RuntimeRefusal } from '../errors.js'
import { type Hierarchy, makeDirectory, writeValue } from './hierarchy.js'

/** What whoever manages processes in a cgroup writes to. `cgroup.subtree_control` stays the host's: the limits are. */
const handed = ['.', 'cgroup.procs', 'cgroup.threads']

/** systemd makes one for each service and session. The kernel's memory for them is nobody's. */
const [maxDescendants, maxDepth] = [1024, 16]

/**
 * Hands a sandbox a tree of version 2 in which it may group its own processes, and bound nothing.
 * @param uid who is root inside, on the host
 * @returns the directory of the tree
 * @throws RuntimeRefusal `template_unavailable` on a host that has no version 2
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html#delegation
 */
export function delegateCgroup(hierarchy: Hierarchy, path: string, uid: number): string {
  if (hierarchy.version2 === undefined) {
    throw new RuntimeRefusal(
      'template_unavailable',
      'systemd in a sandbox needs cgroup version 2, which this host has mounted nowhere',
    )
  }
  const directory = join(hierarchy.version2, path)
  makeDirectory(hierarchy.version2, path)
  writeValue(join(directory, 'cgroup.max.descendants'), maxDescendants)
  writeValue(join(directory, 'cgroup.max.depth'), maxDepth)
  for (const file of handed) chownSync(join(directory, file), uid, uid)
  return directory
}
