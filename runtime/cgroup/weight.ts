import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Hierarchy, writeValue } from './hierarchy.js'

/** The name and value of a CPU weight, in the kernel's words: 100 is what it gives to everybody (1024 in version 1). */
export const cpuWeight = ({ version }: Hierarchy, weight: number): readonly [file: string, value: number] =>
  version === 2
    ? ['cpu.weight', Math.max(1, Math.round(weight))]
    : ['cpu.shares', Math.max(2, Math.round(weight * 10.24))]

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
