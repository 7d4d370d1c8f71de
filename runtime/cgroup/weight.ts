import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Hierarchy, writeValue } from './hierarchy.js'

/**
 * The name and value of a CPU weight, in the kernel's words. All that is Cloche's weighs a tenth of what the kernel gives
 * to everybody else, which changes nothing among sandboxes. Processes of the host come first then, and it bounds an error of
 * the scheduler (EEVDF in Linux 6.18): one sandbox of two processors, full of pairs of processes that wake each other,
 * kept all others from a processor for up to 3.6 s; with a tenth it is at most 18 ms. The kernel's own weights are 100
 * (version 2) and 1024 (version 1).
 */
export const cpuWeight = ({ version }: Hierarchy, weight: number): readonly [file: string, value: number] =>
  version === 2
    ? ['cpu.weight', Math.max(1, Math.round(weight / 10))]
    : ['cpu.shares', Math.max(2, Math.round(weight * 1.024))]

/** Sets a cgroup's share of processors and disk against its siblings, and nothing else; 100 is the usual one. */
export function setWeight(hierarchy: Hierarchy, path: string, weight: number): void {
  const bfq = hierarchy.version === 2 ? 'io.bfq.weight' : 'blkio.bfq.weight'
  const settings = [
    ['cpu', ...cpuWeight(hierarchy, weight)],
    ['blkio', bfq, weight],
  ] as const
  for (const [controller, file, value] of settings) {
    const at = join(hierarchy.mountOf(controller) ?? '/nonexistent', path, file)
    if (existsSync(at)) writeValue(at, value)
  }
}
