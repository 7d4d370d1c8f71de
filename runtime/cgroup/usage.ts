import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Usage } from '../../protocol/index.js'
import type { Hierarchy } from './hierarchy.js'

/** What control groups count of one sandbox. */
export type CgroupUsage = Omit<Usage, 'diskBytes' | 'networkRxBytes' | 'networkTxBytes'>

/**
 * Reads what the processes of a cgroup have used. A file that is missing counts as 0.
 * @param device of the sandboxes' disk, `major:minor`: a loop device's traffic is counted again on the disk below
 */
export async function readUsage(hierarchy: Hierarchy, path: string, device: string): Promise<CgroupUsage> {
  const text = (controller: 'cpu' | 'cpuacct' | 'memory' | 'pids' | 'blkio', file: string) => {
    const mount = hierarchy.mountOf(controller)
    return mount === undefined ? '' : readFile(join(mount, path, file), 'utf8').catch(() => '')
  }
  if (hierarchy.version === 2) {
    const [cpu, memory, peak, pids, events, io] = await Promise.all([
      text('cpu', 'cpu.stat'),
      text('memory', 'memory.current'),
      text('memory', 'memory.peak'),
      text('pids', 'pids.current'),
      text('memory', 'memory.events'),
      text('blkio', 'io.stat'),
    ])
    const disk = io.split('\n').find((line) => line.startsWith(`${device} `)) ?? ''
    return {
      cpuSeconds: keyed(cpu, 'usage_usec') / 1e6,
      cpuThrottledSeconds: keyed(cpu, 'throttled_usec') / 1e6,
      memoryBytes: Number(memory),
      memoryPeakBytes: Number(peak),
      pids: Number(pids),
      oomKills: keyed(events, 'oom_kill'),
      diskReadBytes: Number(/ rbytes=(\d+)/.exec(disk)?.[1] ?? 0),
      diskWriteBytes: Number(/ wbytes=(\d+)/.exec(disk)?.[1] ?? 0),
    }
  }
  const [cpu, throttled, memory, peak, pids, oom, io] = await Promise.all([
    text('cpuacct', 'cpuacct.usage'),
    text('cpu', 'cpu.stat'),
    text('memory', 'memory.usage_in_bytes'),
    text('memory', 'memory.max_usage_in_bytes'),
    text('pids', 'pids.current'),
    text('memory', 'memory.oom_control'),
    text('blkio', 'blkio.throttle.io_service_bytes'),
  ])
  return {
    cpuSeconds: Number(cpu) / 1e9,
    cpuThrottledSeconds: keyed(throttled, 'throttled_time') / 1e9,
    memoryBytes: Number(memory),
    memoryPeakBytes: Number(peak),
    pids: Number(pids),
    oomKills: keyed(oom, 'oom_kill'),
    diskReadBytes: keyed(io, `${device} Read`),
    diskWriteBytes: keyed(io, `${device} Write`),
  }
}

/** A number of a file of `key number` lines; 0 if it is not there. */
export function keyed(text: string, key: string): number {
  return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
}
