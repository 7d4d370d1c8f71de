import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Hierarchy, writeValue } from './hierarchy.js'

/** What version 1 calls a weight of 100. */
const defaultShares = 1024

/** Sets a cgroup's share of processors and disk against its siblings, and nothing else; 100 is the usual one. */
export function setWeight(hierarchy: Hierarchy, path: string, weight: number): void {
  const settings =
    hierarchy.version === 2
      ? ([
          ['cpu', 'cpu.weight', weight],
          ['blkio', 'io.bfq.weight', weight],
        ] as const)
      : ([
          ['cpu', 'cpu.shares', Math.round((weight * defaultShares) / 100)],
          ['blkio', 'blkio.bfq.weight', weight],
        ] as const)
  for (const [controller, file, value] of settings) {
    const at = join(hierarchy.mountOf(controller) ?? '/nonexistent', path, file)
    if (existsSync(at)) writeValue(at, value)
  }
}
