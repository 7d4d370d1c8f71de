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
