import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { Limits } from '../../protocol/api/index.js'
import { type Controller, type Hierarchy, writeValue } from './hierarchy.js'
import { cpuPeriodUs, cpuQuotaUs } from './processors.js'
import { cpuWeight } from './weight.js'

const mib = 1024 ** 2

/** The part of `Limits` and `Quota` that control groups enforce. */
export type CgroupLimits = Omit<Limits, 'diskMiB' | 'networkMbps'> & {
  readonly weight?: number | undefined
  /** The processors that its processes see and run on, such as `0,2`; unchanged when it is left out. */
  readonly cpuset?: string | undefined
}

/** One file of the kernel and what is to be in it. */
type Setting = readonly [file: string, value: string | number]

/**
 * Holds a cgroup to `limits`. A value that the host has no file for (no swap accounting, no BFQ) is left out.
 *
 * @param device of the sandboxes' disk, `major:minor`
 * @throws CgroupWriteError with the file's name when the kernel refuses a value
 * @see Documentation/admin-guide/cgroup-v1/memory.rst, Documentation/admin-guide/cgroup-v2.rst
 */
export function applyLimits(hierarchy: Hierarchy, path: string, limits: CgroupLimits, device: string): void {
  for (const [file, value] of settings(hierarchy, path, limits, device)) writeValue(file, value)
}

/**
 * The same for a cgroup in use: when the kernel refuses one value, those written before it are put back.
 * @throws CgroupWriteError
 */
export function changeLimits(hierarchy: Hierarchy, path: string, limits: CgroupLimits, device: string): void {
  const undo: Setting[] = []
  try {
    for (const [file, value] of settings(hierarchy, path, limits, device)) {
      const before = current(file, device)
      writeValue(file, value)
      undo.unshift([file, before])
    }
  } catch (error) {
    for (const [file, value] of undo) writeValue(file, value)
    throw error
  }
}

function settings(hierarchy: Hierarchy, path: string, limits: CgroupLimits, device: string): Setting[] {
  const quotaUs = cpuQuotaUs(limits.cpus)
  const memoryBytes = limits.memoryMiB * mib
  const swapBytes = (limits.swapMiB ?? 0) * mib
  const weight = limits.weight ?? 100
  const [cpuFile, cpuValue] = cpuWeight(hierarchy, weight)
  const at = (controller: Controller, file: string) =>
    join(hierarchy.mountOf(controller) ?? '/nonexistent', path, file)
  const cpuset: Setting[] = limits.cpuset === undefined ? [] : [[at('cpuset', 'cpuset.cpus'), limits.cpuset]]
  const wanted: Setting[] =
    hierarchy.version === 2
      ? [
          [at('cpu', 'cpu.max'), `${quotaUs} ${cpuPeriodUs}`],
          [at('cpu', cpuFile), cpuValue],
          ...cpuset,
          [at('memory', 'memory.max'), memoryBytes],
          [at('memory', 'memory.swap.max'), swapBytes],
          [at('memory', 'memory.oom.group'), 0],
          [at('pids', 'pids.max'), limits.pids],
          [at('blkio', 'io.max'), ioMax(device, limits)],
          [at('blkio', 'io.bfq.weight'), bfqWeight(weight)],
        ]
      : [
          [at('cpu', 'cpu.cfs_period_us'), cpuPeriodUs],
          [at('cpu', 'cpu.cfs_quota_us'), quotaUs],
          [at('cpu', cpuFile), cpuValue],
          ...cpuset,
          ...memoryV1(at, memoryBytes, swapBytes),
          [at('memory', 'memory.swappiness'), swapBytes === 0 ? 0 : 60],
          [at('pids', 'pids.max'), limits.pids],
          ...throttleV1(at, device, limits),
          [at('blkio', 'blkio.bfq.weight'), bfqWeight(weight)],
        ]
  return wanted.filter(([file]) => isKnown(file))
}

/** Whether this kernel has such a file in its cgroups: one that was there once is there in all of them. */
function isKnown(file: string): boolean {
  const name = basename(file)
  if (knownFiles.has(name)) return true
  const known = existsSync(file)
  if (known) knownFiles.add(name)
  return known
}

const knownFiles = new Set<string>()

/** BFQ knows weights up to 1000 only. */
const bfqWeight = (weight: number) => Math.min(1000, Math.max(1, weight))

function ioMax(device: string, limits: CgroupLimits): string {
  const rate = (value: number | undefined, unit: number) => (value === undefined ? 'max' : value * unit)
  return [
    device,
    `rbps=${rate(limits.diskReadMiBps, mib)}`,
    `wbps=${rate(limits.diskWriteMiBps, mib)}`,
    `riops=${rate(limits.diskReadIops, 1)}`,
    `wiops=${rate(limits.diskWriteIops, 1)}`,
  ].join(' ')
}

type At = (controller: Controller, file: string) => string

/** 0 takes a bound away. Version 1 holds each cgroup to its own values: a parent's do not bind its children. */
function throttleV1(at: At, device: string, limits: CgroupLimits): Setting[] {
  const files = [
    ['read_bps_device', (limits.diskReadMiBps ?? 0) * mib],
    ['write_bps_device', (limits.diskWriteMiBps ?? 0) * mib],
    ['read_iops_device', limits.diskReadIops ?? 0],
    ['write_iops_device', limits.diskWriteIops ?? 0],
  ] as const
  return files.map(([file, value]) => [at('blkio', `blkio.throttle.${file}`), `${device} ${value}`])
}

/** The kernel wants memory ≤ memory + swap at every moment: which of the two comes first depends. */
function memoryV1(at: At, memoryBytes: number, swapBytes: number): Setting[] {
  const memory: Setting = [at('memory', 'memory.limit_in_bytes'), memoryBytes]
  const both: Setting = [at('memory', 'memory.memsw.limit_in_bytes'), memoryBytes + swapBytes]
  const now = existsSync(both[0]) ? Number(readFileSync(both[0], 'utf8')) : 0
  return memoryBytes > now ? [both, memory] : [memory, both]
}

/** What is in a file, in the form in which it is written back. */
function current(file: string, device: string): string {
  const text = readFileSync(file, 'utf8').trim()
  if (file.includes('.throttle.')) return lineOf(text, device) ?? `${device} 0`
  if (file.endsWith('io.max')) {
    return lineOf(text, device) ?? `${device} rbps=max wbps=max riops=max wiops=max`
  }
  // BFQ of version 2 shows a name before its number.
  return text.replace(/^default /, '')
}

const lineOf = (text: string, device: string) =>
  text.split('\n').find((line) => line.startsWith(`${device} `))
