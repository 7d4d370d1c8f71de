import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { privateProc } from '../linux/private-proc.js'
import type { Reaper } from '../linux/process.js'
import { type Hierarchy, makeCgroup, writeValue } from './hierarchy.js'
import { reserveProcessors } from './processors.js'
import { setWeight } from './weight.js'

const mib = 1024 ** 2
/** A tenth of the host's memory, but at least this, is not for sandboxes. */
const leastReserveBytes = 512 * mib
/** Process ids that sandboxes leave to the host. */
const reservedPids = 2048

/**
 * Counted for the host's root, who made every sandbox's user namespace, and so for all of them together: at
 * the kernel's own 128 one sandbox could take every inotify of the host. Their memory is counted as the
 * sandbox's that uses them, and so bounded there.
 */
const inotify = { max_user_instances: 1_048_576, max_user_watches: 16_777_216 } as const

/** Of which one is needed for each directory that somebody watches; the kernel's own limit is 128. */
const fanotify = { max_user_groups: 2048 } as const

/**
 * Keeps what the host itself needs out of the reach of all sandboxes of an instance together, whatever their
 * quotas add up to: out of memory, the kernel kills in a sandbox, the host can always fork, and a part of the
 * processors is left to it.
 *
 * @throws CgroupWriteError when sandboxes of an earlier runtime hold more already
 */
export function reserveForHost(hierarchy: Hierarchy, root: string): void {
  makeCgroup(hierarchy, root)
  setWeight(hierarchy, root, 100)
  reserveProcessors(hierarchy, root)
  const totalBytes = totalmem()
  const memory = hierarchy.version === 2 ? 'memory.max' : 'memory.limit_in_bytes'
  const pids = Math.min(number('/proc/sys/kernel/pid_max'), number('/proc/sys/kernel/threads-max'))
  const bounds = [
    ['memory', memory, totalBytes - Math.max(leastReserveBytes, Math.floor(totalBytes / 10))],
    ['pids', 'pids.max', Math.max(reservedPids, pids - reservedPids)],
  ] as const
  for (const [controller, name, value] of bounds) {
    const file = join(hierarchy.mountOf(controller) ?? '/nonexistent', root, name)
    if (existsSync(file)) writeValue(file, value)
  }
}

/**
 * Terminals: any process may make the kernel load the module of a line discipline that nobody uses, many of which
 * had holes; and TIOCSTI types into a terminal for whoever reads there next. Older kernels have no such setting.
 */
const terminals = { ldisc_autoload: 0, legacy_tiocsti: 0 } as const

/** Settings of the host that would otherwise let one sandbox use up what all need, or get at more of the kernel. */
export function prepareHost(): void {
  for (const [name, wanted] of Object.entries(inotify)) {
    const file = `/proc/sys/fs/inotify/${name}`
    if (number(file) < wanted) writeFileSync(file, String(wanted))
  }
  for (const [name, wanted] of Object.entries(fanotify)) {
    const file = `/proc/sys/fs/fanotify/${name}`
    if (existsSync(file) && number(file) < wanted) writeFileSync(file, String(wanted))
  }
  for (const [name, wanted] of Object.entries(terminals)) {
    const file = `/proc/sys/dev/tty/${name}`
    if (existsSync(file) && number(file) !== wanted) writeFileSync(file, String(wanted))
  }
}

/**
 * Gives up whatever preference this process has when memory is short: it is handed down to what it starts, and
 * root inside a sandbox could take it up.
 */
export function resetOomScoreAdj(): void {
  writeFileSync('/proc/self/oom_score_adj', '0')
}

/**
 * Makes the kernel kill, out of memory, what people run in a sandbox and not its first process, with which the sandbox
 * would end. Nobody inside gets below 0. Where this process may not go below that either, the first process is at 0,
 * and still the smallest: it is killed when there is nothing else to kill.
 *
 * @param pid its first process, which starts nothing
 */
export function spareFirstProcess(pid: number): void {
  const file = `/proc/${pid}/oom_score_adj`
  try {
    writeFileSync(file, '-500')
  } catch {
    writeFileSync(file, '0') // this process has no CAP_SYS_RESOURCE
  }
}

const number = (file: string) => Number(readFileSync(file, 'utf8'))

/** Of each user inside; the host has a million for all, and to close one takes the kernel some milliseconds. */
const insideInotify = { max_inotify_instances: 128, max_inotify_watches: 65_536 } as const

/**
 * Bounds what one sandbox takes of inotify, in its own user namespace, and of System V's objects, in its own IPC
 * namespace: root inside may lower that, and no more. Kernels before 5.19 keep the latter to the host's own root: there
 * they stay at their defaults, and count as the sandbox's memory.
 *
 * @param pid its first process
 * @param ipc settings below `/proc/sys/kernel`
 */
export async function boundNamespaces(
  reaper: Reaper,
  pid: number,
  ipc: Readonly<Record<string, string>>,
): Promise<void> {
  const lines = [
    ...Object.entries(insideInotify).map(
      ([name, value]) => `echo ${value} > /proc/self/fd/0/sys/user/${name}`,
    ),
    ...Object.entries(ipc).map(
      ([name, value]) => `{ echo ${value} > /proc/self/fd/0/sys/kernel/${name}; } || :`,
    ),
  ]
  const words = ['--user', '--ipc', '--target', String(pid), '/bin/sh', '-ec', lines.join('; ')]
  await reaper.call('nsenter', words, privateProc())
}
