import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { signal } from '../linux/process.js'
import type { Hierarchy } from './hierarchy.js'

/** A process may be slow to die: the last one of a sandbox waits for its disk to be written. */
const dyingMs = 30_000

/** Control groups directly below the root that hold the service's own processes. */
const kept = new Set(['daemons'])

/** Process ids in a control group and anywhere below it, those of the service itself left out. */
export function processesBelow(hierarchy: Hierarchy, root: string): number[] {
  const found = new Set<number>()
  for (const mount of hierarchy.mounts) {
    for (const directory of [join(mount, root), ...groupsBelow(join(mount, root), kept)]) {
      for (const pid of lines(join(directory, 'cgroup.procs'))) found.add(Number(pid))
    }
  }
  return [...found]
}

/**
 * Kills everything in a control group and below it, frozen or not, and waits until it is gone.
 * @returns process ids that are still there after 30 s
 */
export async function killBelow(hierarchy: Hierarchy, root: string): Promise<number[]> {
  const giveUpAt = performance.now() + dyingMs
  for (;;) {
    const left = processesBelow(hierarchy, root)
    if (left.length === 0 || performance.now() > giveUpAt) return left
    for (const pid of left) signal(pid, 'SIGKILL')
    thawBelow(hierarchy, root)
    await sleep(20)
  }
}

/** In version 1 a frozen process does not die. */
function thawBelow(hierarchy: Hierarchy, root: string): void {
  for (const mount of hierarchy.mounts) {
    for (const directory of groupsBelow(join(mount, root), kept)) {
      write(join(directory, 'freezer.state'), 'THAWED')
      write(join(directory, 'cgroup.freeze'), '0')
    }
  }
}

function write(file: string, value: string): void {
  try {
    // Without O_CREAT: only where the kernel has made the file.
    writeFileSync(file, value, { flag: 'r+' })
  } catch {
    // Not a freezer's directory, or it is gone.
  }
}

function groupsBelow(directory: string, leaveOut: ReadonlySet<string>): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !leaveOut.has(entry.name))
      .flatMap((entry) => {
        const path = join(directory, entry.name)
        return [path, ...groupsBelow(path, new Set())]
      })
  } catch {
    return [] // it is gone, or was never made
  }
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch {
    return [] // it is gone
  }
}
