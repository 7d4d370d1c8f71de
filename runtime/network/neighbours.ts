import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { maxSandboxes } from '../linux/slot.js'

/**
 * Makes room in the kernel's table of neighbours. It is one for all network namespaces, holds 1,024 by default, and
 * each sandbox with a link needs two: one on its side and one on the host's. Only the host's own namespace has the
 * files, so a process in another one changes nothing. What is larger already stays.
 *
 * @see arp(7)
 */
export function raiseArpTableLimits(directory = '/proc/sys/net/ipv4/neigh/default'): void {
  const needed = 2 * maxSandboxes
  for (const [name, wanted] of [
    ['gc_thresh3', 4 * needed],
    ['gc_thresh2', 2 * needed],
    ['gc_thresh1', needed],
  ] as const) {
    const file = join(directory, name)
    if (existsSync(file) && Number(readFileSync(file, 'utf8')) < wanted) writeFileSync(file, String(wanted))
  }
}
