import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Usage } from '../../protocol/index.js'
import type { Hierarchy } from './hierarchy.js'

/** What control groups count of one sandbox. */
export type CgroupUsage = Pick<Usage, 'cpuSeconds' | 'memoryBytes' | 'memoryPeakBytes' | 'pids' | 'oomKills'>

/** Reads what the processes of a cgroup have used. A file that is missing counts as 0. */
export async function readUsage(hierarchy: Hierarchy, path: string): Promise<CgroupUsage> {
  const text = (controller: 'cpu' | 'cpuacct' | 'memory' | 'pids', file: string) => {
    const mount = hierarchy.mountOf(controller)
    return mount === undefined ? '' : readFile(join(mount, path, file), 'utf8').catch(() => '')
  }
  if (hierarchy.version === 2) {
    const [cpu, memory, peak, pids, events] = await Promise.all([
      text('cpu', 'cpu.stat'),
      text('memory', 'memory.current'),
      text('memory', 'memory.peak'),
      text('pids', 'pids.current'),
      text('memory', 'memory.events'),
    ])
    return {
      cpuSeconds: keyed(cpu, 'usage_usec') / 1e6,
      memoryBytes: Number(memory),
      memoryPeakBytes: Number(peak),
      pids: Number(pids),
      oomKills: keyed(events, 'oom_kill'),
    }
  }
  const [cpu, memory, peak, pids, oom] = await Promise.all([
    text('cpuacct', 'cpuacct.usage'),
    text('memory', 'memory.usage_in_bytes'),
    text('memory', 'memory.max_usage_in_bytes'),
    text('pids', 'pids.current'),
    text('memory', 'memory.oom_control'),
  ])
  return {
    cpuSeconds: Number(cpu) / 1e9,
    memoryBytes: Number(memory),
    memoryPeakBytes: Number(peak),
    pids: Number(pids),
    oomKills: keyed(oom, 'oom_kill'),
  }
}

function keyed(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}
