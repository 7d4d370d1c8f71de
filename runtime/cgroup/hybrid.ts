import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../linux/spawn.js'

/**
 * On a host with both versions mounted, crun refuses ("cgroups in hybrid mode not supported") while the
 * version 2 tree still owns a controller. Mounting that controller as version 1 takes it away from there.
 */
export async function settleHybrid(root = '/sys/fs/cgroup'): Promise<void> {
  const unified = join(root, 'unified', 'cgroup.controllers')
  if (!existsSync(unified)) return
  for (const controller of readFileSync(unified, 'utf8').trim().split(' ').filter(Boolean)) {
    const target = join(root, controller)
    mkdirSync(target, { recursive: true })
    await run('mount', ['-t', 'cgroup', '-o', controller, 'cgroup', target])
  }
}

/**
 * Asks the kernel to make moving processes between cgroups cheap (`favordynmods`, Linux 6.0): without it the
 * first move after a quiet while waits for an RCU grace period, 12 ms of a claim. The lock behind it is one
 * for all hierarchies, so the version 2 mount, the only one that takes the option, speaks for those of
 * version 1 as well. It makes fork and exit a little dearer.
 *
 * @param mount where version 2 is mounted
 * @throws when it is nowhere, or the kernel does not know the option
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html#mounting
 */
export async function favorMoves(mount: string | undefined): Promise<void> {
  if (mount === undefined) throw new Error('no cgroup 2 file system is mounted')
  await run('mount', ['-o', 'remount,favordynmods', mount])
}
