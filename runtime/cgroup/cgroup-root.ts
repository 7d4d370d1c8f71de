import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Hierarchy, makeCgroup, processesOf, removeCgroup } from './hierarchy.js'
import { moveProcesses } from './relocate.js'

/** Below a cgroup that systemd delegates (`Delegate=yes`): where the daemons themselves live. */
const daemons = 'daemons'

/**
 * Makes the cgroup that holds everything of this instance. In version 2 a cgroup that hands controllers down
 * may not hold processes ("no internal processes"), but systemd starts a service in the very cgroup that it
 * delegates to it: whoever is there is moved one step down first.
 *
 * @see https://systemd.io/CGROUP_DELEGATION/
 */
export async function prepareCgroupRoot(hierarchy: Hierarchy, root: string): Promise<void> {
  if (hierarchy.version === 2 && (await processesOf(hierarchy, root)).length > 0) {
    moveProcesses(hierarchy, root, join(root, daemons))
  }
  makeCgroup(hierarchy, root)
}

/** Removes what `prepareCgroupRoot` made and all that came below it, but for the daemons, who run. */
export async function removeCgroupRoot(hierarchy: Hierarchy, root: string): Promise<void> {
  if ((await processesOf(hierarchy, join(root, daemons))).length === 0) return removeCgroup(hierarchy, root)
  for (const mount of hierarchy.mounts) {
    for (const entry of readdirSync(join(mount, root), { withFileTypes: true })) {
      if (entry.isDirectory() && entry.name !== daemons) await removeCgroup(hierarchy, join(root, entry.name))
    }
  }
}
