import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { detectHierarchy, makeCgroup, removeCgroup } from '../../runtime/cgroup/hierarchy.js'
import { settleHybrid } from '../../runtime/cgroup/hybrid.js'
import type { Settings } from '../settings.js'
import { attempt, type Finding, missing } from './finding.js'

/** A file that the kernel puts into a cgroup where the controller works. */
const files = {
  1: { cpu: 'cpu.cfs_quota_us', memory: 'memory.limit_in_bytes', pids: 'pids.max', freezer: 'freezer.state' },
  2: { cpu: 'cpu.max', memory: 'memory.max', pids: 'pids.max', freezer: 'cgroup.freeze' },
} as const

/** Whether control groups are there with every controller that limits need: one is made and removed. */
export async function checkCgroups(settings: Settings): Promise<Finding> {
  const what = 'control groups'
  const hierarchy = detectHierarchy()
  if (hierarchy.mounts.length === 0) {
    return missing(what, 'none are mounted', 'Type: mount -t cgroup2 cgroup2 /sys/fs/cgroup')
  }
  const path = `${settings.cgroupRoot}-doctor`
  const probe = async () => {
    await settleHybrid()
    makeCgroup(hierarchy, path)
    try {
      const wanted = Object.entries(files[hierarchy.version])
      const absent = wanted.filter(
        ([, file]) => !hierarchy.mounts.some((mount) => existsSync(join(mount, path, file))),
      )
      if (absent.length > 0) throw new Error(`no ${absent.map(([name]) => name).join(', ')} controller`)
      return `version ${hierarchy.version} with ${wanted.map(([name]) => name).join(', ')}`
    } finally {
      await removeCgroup(hierarchy, path)
    }
  }
  return attempt(
    what,
    probe,
    hierarchy.version === 2
      ? 'See cgroup.controllers in /sys/fs/cgroup; a missing one is turned off at boot (cgroup_disable=) or not handed to this container'
      : 'Boot with systemd.unified_cgroup_hierarchy=1, or mount the missing controller below /sys/fs/cgroup',
  )
}
