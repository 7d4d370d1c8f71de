import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { signal } from '../linux/process.js'
import type { Hierarchy } from './hierarchy.js'
import { processesBelow } from './kill.js'

/**
 * Asks every process below some control groups to end, and waits until all have, or for `graceMs`. A shell with a
 * terminal gets SIGHUP, as when its window closes (bash then saves its history; SIGTERM it ignores), everything else
 * SIGTERM. The first process of a sandbox is left out: with it the kernel would kill all others.
 *
 * @returns whether all have ended
 */
export async function askToEnd(
  hierarchy: Hierarchy,
  groups: readonly string[],
  graceMs: number,
): Promise<boolean> {
  const left = () =>
    groups.flatMap((group) => processesBelow(hierarchy, group)).filter((pid) => !isFirst(pid))
  for (const pid of left()) signal(pid, leadsTerminal(pid) ? 'SIGHUP' : 'SIGTERM')
  for (const giveUpAt = performance.now() + graceMs; performance.now() < giveUpAt; ) {
    if (left().length === 0) return true
    await sleep(20)
  }
  return false
}

/** Whether it is the first process of a pid namespace. */
function isFirst(pid: number): boolean {
  return / 1$|\t1$/.test(read(`/proc/${pid}/status`).match(/^NSpid:.*$/m)?.[0] ?? '')
}

/** Whether it leads a session that has a terminal. @see proc_pid_stat(5) */
function leadsTerminal(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`)
  const [, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return session === String(pid) && terminal !== '0'
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // it ended meanwhile
  }
}
