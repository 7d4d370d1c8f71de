import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Failure } from '../cli/command.js'
import { askToEnd } from '../runtime/cgroup/ask-to-end.js'
import { detectHierarchy, removeCgroup } from '../runtime/cgroup/hierarchy.js'
import { killBelow, processesBelow } from '../runtime/cgroup/kill.js'
import { closeDisk, isDetached } from '../runtime/rootfs/disk.js'
import { removeMountPoints } from '../runtime/rootfs/rootfs.js'
import { firstLine } from './doctor/finding.js'
import type { Settings } from './settings.js'

/** For processes whose runtime cannot be started to stop them. */
const graceMs = 5000

/**
 * Ends what is left of an instance whose services have ended: processes of sandboxes, found by their control group,
 * the disk, the run directory. Nothing is removed from the run directory while anything else is left, so that the
 * next `bin/down` or `bin/up` finds what it needs to try again.
 *
 * @returns what is left all the same
 */
export async function clean(settings: Settings, say: (line: string) => void): Promise<string[]> {
  const { home, run } = settings
  const left = await endProcesses(settings, say)
  // A runtime that was killed while it started a sandbox leaves its root mounted.
  const scratch = join(run, 'scratch')
  if (existsSync(scratch)) {
    for (const { name } of readdirSync(scratch, { withFileTypes: true }).filter((one) => one.isDirectory())) {
      removeMountPoints(join(scratch, name))
    }
  }
  await closeDisk(home).catch((error: unknown) =>
    left.push(`the disk, which stays mounted: ${firstLine(error)}`),
  )
  const mounted = mountsBelow([run, join(home, 'disk')])
  if (mounted.length > 0) left.push(`what is mounted at ${mounted.join(', ')}`)
  else if (!(await isDetached(home))) left.push(`a loop device of ${join(home, 'disk.img')}`)
  if (left.length === 0 && existsSync(run)) {
    for (const name of readdirSync(run)) {
      if (name === 'supervisor.pid') continue
      const path = join(run, name)
      rmSync(path, { recursive: statSync(path).isDirectory() })
    }
  }
  return left
}

/** @throws Failure that names what `clean` has left */
export function requireNothing(left: readonly string[]): void {
  if (left.length === 0) return
  throw new Failure(
    ['not everything could be stopped. Left:', ...left, 'To try again: bin/down'].join('\n  '),
  )
}

async function endProcesses({ cgroupRoot }: Settings, say: (line: string) => void): Promise<string[]> {
  let hierarchy: ReturnType<typeof detectHierarchy>
  try {
    hierarchy = detectHierarchy()
  } catch {
    return [] // a machine without control groups has never had a sandbox
  }
  const found = processesBelow(hierarchy, cgroupRoot)
  if (found.length === 0) return []
  say(`ending ${found.length} processes of sandboxes that nobody has stopped`)
  await askToEnd(hierarchy, [cgroupRoot], graceMs)
  const left = await killBelow(hierarchy, cgroupRoot)
  if (left.length > 0) return [`processes of sandboxes: ${left.join(', ')}`]
  await removeCgroup(hierarchy, cgroupRoot).catch(() => {}) // empty ones harm nobody
  return []
}

/** Where something is mounted at or below some directories. A recursive removal that met one would empty it. */
function mountsBelow(directories: readonly string[]): string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n')
  return mounts
    .map((line) => line.split(' ')[4] ?? '')
    .filter((at) => directories.some((directory) => at === directory || at.startsWith(`${directory}/`)))
}
