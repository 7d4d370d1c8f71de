import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Limits } from '../../protocol/index.js'
import { type Hierarchy, writeValue } from './hierarchy.js'

/**
 * The scheduler hands out CPU bandwidth in slices of this length. Longer slices let a burst run, but
 * freeze a throttled shell for longer: at 100 ms a keystroke can wait a whole slice for its echo.
 */
const cpuPeriodUs = 20_000
const mib = 1024 ** 2

/** The part of `Limits` that control groups enforce. */
export type CgroupLimits = Pick<Limits, 'cpus' | 'memoryMiB' | 'pids'>

/**
 * Holds a cgroup to `limits`. Lowering memory below what is in use makes the kernel reclaim, then refuse
 * (version 1, EBUSY) or kill (version 2).
 *
 * @throws CgroupWriteError with the file's name when the kernel refuses a value
 * @see Documentation/admin-guide/cgroup-v1/memory.rst, Documentation/admin-guide/cgroup-v2.rst
 */
export function applyLimits(hierarchy: Hierarchy, path: string, limits: CgroupLimits): void {
  const quotaUs = Math.max(1000, Math.round(limits.cpus * cpuPeriodUs))
  const memoryBytes = limits.memoryMiB * mib
  const at = (controller: 'cpu' | 'memory' | 'pids', file: string) => {
    const mount = hierarchy.mountOf(controller)
    return mount === undefined ? undefined : join(mount, path, file)
  }
  const write = (file: string | undefined, value: string | number) => {
    if (file !== undefined && existsSync(file)) writeValue(file, value)
  }
  if (hierarchy.version === 2) {
    write(at('cpu', 'cpu.max'), `${quotaUs} ${cpuPeriodUs}`)
    write(at('memory', 'memory.max'), memoryBytes)
    write(at('memory', 'memory.swap.max'), 0)
    write(at('memory', 'memory.oom.group'), 0)
    write(at('pids', 'pids.max'), limits.pids)
    return
  }
  write(at('cpu', 'cpu.cfs_period_us'), cpuPeriodUs)
  write(at('cpu', 'cpu.cfs_quota_us'), quotaUs)
  writeMemoryV1(
    at('memory', 'memory.limit_in_bytes'),
    at('memory', 'memory.memsw.limit_in_bytes'),
    memoryBytes,
  )
  write(at('memory', 'memory.swappiness'), 0)
  write(at('pids', 'pids.max'), limits.pids)
}

/** The kernel wants memory ≤ memory + swap at every moment: which of the two comes first depends. */
function writeMemoryV1(memory: string | undefined, memsw: string | undefined, bytes: number): void {
  if (memory === undefined) return
  if (memsw === undefined || !existsSync(memsw)) {
    writeValue(memory, bytes)
    return
  }
  try {
    writeValue(memory, bytes)
    writeValue(memsw, bytes)
  } catch {
    writeValue(memsw, bytes)
    writeValue(memory, bytes)
  }
}
