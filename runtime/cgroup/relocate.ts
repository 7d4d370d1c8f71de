import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Hierarchy, makeLeaf, processesOf, writeValue } from './hierarchy.js'

/**
 * Moves every process of one cgroup to another, which is made. The first is empty then, and the caller's to
 * remove, which takes milliseconds and need not be waited for. Moving costs 15 to 50 µs for
 * each controller; what a process allocates after it is charged to the new place (in version 1 and 2 alike,
 * memory that it has already stays charged to the old one's parent).
 *
 * Processes that are born meanwhile are born where their parent is: it is read again until nobody is left.
 */
export async function relocate(hierarchy: Hierarchy, from: string, to: string): Promise<void> {
  await makeLeaf(hierarchy, to)
  for (const mount of hierarchy.mounts) {
    const source = join(mount, from, 'cgroup.procs')
    for (let rounds = 0; rounds < 100; rounds++) {
      const pids = (await readFile(source, 'utf8').catch(() => '')).split('\n').filter(Boolean)
      if (pids.length === 0) break
      for (const pid of pids) {
        // ESRCH: it ended between the two calls.
        await writeValue(join(mount, to, 'cgroup.procs'), pid).catch(() => {})
      }
    }
  }
  const left = await processesOf(hierarchy, from)
  if (left.length > 0) throw new Error(`${left.length} processes cannot be moved from ${from} to ${to}`)
}
