import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { powerOffSignal } from '../container/system.js'
import { signal } from '../linux/process.js'
import type { Hierarchy } from './hierarchy.js'
import { processesBelow } from './kill.js'

/**
 * Asks every process below some control groups to end, and waits until all have, or for `graceMs`. A shell with a
 * terminal gets SIGHUP, as when its window closes (bash then saves its history; SIGTERM it ignores), everything else
 * SIGTERM. The first process of a sandbox is left out: with it the kernel would kill all others. That of a small machine
 * shuts it down.
 *
 * @returns whether all have ended
 */
export async function askToEnd(
  hierarchy: Hierarchy,
  groups: readonly string[],
  graceMs: number,
): Promise<boolean> {
  const left = () =>
    groups
      .flatMap((group) => processesBelow(hierarchy, group))
      .filter((pid) => !isFirst(pid) || isSystemd(pid))
  for (const pid of left()) signal(pid, signalOf(pid))
  for (const giveUpAt = performance.now() + graceMs; performance.now() < giveUpAt; ) {
    if (left().length === 0) return true
    await sleep(20)
  }
  return false
}

const signalOf = (pid: number) => (isFirst(pid) ? powerOffSignal : leadsTerminal(pid) ? 'SIGHUP' : 'SIGTERM')

const isSystemd = (pid: number) => read(`/proc/${pid}/comm`) === 'systemd\n'

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
