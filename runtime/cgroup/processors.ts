import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { type Hierarchy, writeValue } from './hierarchy.js'

/**
 * The scheduler hands out CPU bandwidth in slices of this length. Longer slices let a burst run, but
 * freeze a throttled shell for longer: at 100 ms a keystroke can wait a whole slice for its echo.
 */
export const cpuPeriodUs = 20_000
/**
 * Of the host's processors, one sandbox or tenant gets at most this part, and all together a little more. What is left
 * bounds an error of the scheduler (EEVDF in Linux 6.18): one sandbox on two processors, full of pairs of processes that
 * wake each other, kept everybody else from a processor for up to 3.6 s; whoever is throttled for a moment cannot.
 */
const mostOfOne = 0.85
const mostOfAll = 0.92
const leastUs = 1000

/** @returns how long processes of `cpus` cores may run in each period, in µs on all processors together */
export const cpuQuotaUs = (cpus: number): number =>
  Math.max(leastUs, Math.round(Math.min(cpus, mostOfOne * availableParallelism()) * cpuPeriodUs))

/**
 * Leaves a part of the processors to the host, whatever the limits of all sandboxes add up to.
 * @throws CgroupWriteError
 */
export function reserveProcessors(hierarchy: Hierarchy, root: string): void {
  const directory = join(hierarchy.mountOf('cpu') ?? '/nonexistent', root)
  const quotaUs = Math.round(mostOfAll * availableParallelism() * cpuPeriodUs)
  if (hierarchy.version === 2) {
    if (existsSync(join(directory, 'cpu.max')))
      writeValue(join(directory, 'cpu.max'), `${quotaUs} ${cpuPeriodUs}`)
    return
  }
  if (!existsSync(join(directory, 'cpu.cfs_quota_us'))) return
  for (const name of childrenOf(directory)) lower(join(directory, name))
  writeValue(join(directory, 'cpu.cfs_period_us'), cpuPeriodUs)
  writeValue(join(directory, 'cpu.cfs_quota_us'), quotaUs)
}

/** In version 1 no cgroup may have more than its parent: what an earlier version gave is lowered from below. */
function lower(directory: string): void {
  for (const name of childrenOf(directory)) lower(join(directory, name))
  const numberIn = (file: string) => Number(readFileSync(join(directory, file), 'utf8'))
  const cpus = numberIn('cpu.cfs_quota_us') / numberIn('cpu.cfs_period_us')
  const periods = numberIn('cpu.cfs_period_us') / cpuPeriodUs
  const mostUs = Math.floor(cpuQuotaUs(cpus) * periods)
  if (cpus > 0 && numberIn('cpu.cfs_quota_us') > mostUs)
    writeValue(join(directory, 'cpu.cfs_quota_us'), mostUs)
}

const childrenOf = (directory: string): string[] =>
  readdirSync(directory, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []))
