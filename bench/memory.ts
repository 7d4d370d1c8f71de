import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { detectHierarchy, processesOf } from '../runtime/cgroup/hierarchy.js'

const hierarchy = detectHierarchy()
const mib = 1024 ** 2

/** Host memory of a container in MiB: the proportional share of its processes and of `others`, and the kernel's own for it. */
export async function memoryOf(cgroup: string, others: readonly number[] = []): Promise<number> {
  const pids = [...(await processesOf(hierarchy, cgroup)), ...others]
  const pss = pids.reduce((sum, pid) => sum + pssOf(pid), 0)
  return (pss + kernelBytes(cgroup)) / mib
}

/** Every process whose command line contains one of `parts`. */
export function processesWith(...parts: string[]): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => parts.some((part) => commandLine(name).includes(part)))
    .map(Number)
}

function pssOf(pid: number): number {
  try {
    const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]
    return Number(kib ?? 0) * 1024
  } catch {
    return 0 // it ended meanwhile
  }
}

function kernelBytes(cgroup: string): number {
  const directory = join(hierarchy.mountOf('memory') ?? '/nonexistent', cgroup)
  const file = join(directory, 'memory.kmem.usage_in_bytes')
  if (existsSync(file)) return Number(readFileSync(file, 'utf8'))
  const stat = existsSync(join(directory, 'memory.stat'))
    ? readFileSync(join(directory, 'memory.stat'), 'utf8')
    : ''
  return Number(/^kernel (\d+)$/m.exec(stat)?.[1] ?? 0)
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return '' // it ended meanwhile
  }
}
