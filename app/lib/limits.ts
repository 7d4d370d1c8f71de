import { bytes, count, cpus, mebibytes } from './format'
import type { Limits, Quota, sizes } from './protocol'

export type SizeName = keyof typeof sizes
export const sizeNames = ['small', 'medium', 'large'] as const satisfies readonly SizeName[]
export const sizeTitles: Record<SizeName, string> = { small: 'Small', medium: 'Medium', large: 'Large' }

/** What binds, in the order that pages show it. */
export const bounds = [
  'sandboxes',
  'cpus',
  'memoryMiB',
  'diskMiB',
  'pids',
] as const satisfies readonly (keyof Quota)[]
export type Bound = (typeof bounds)[number]

export const boundNames: Record<Bound, string> = {
  sandboxes: 'Sandboxes',
  cpus: 'CPUs',
  memoryMiB: 'Memory',
  diskMiB: 'Disk',
  pids: 'Processes',
}

/** `4 CPUs`, `512 MiB`: an amount of what `bound` binds. */
export function amount(bound: Bound, value: number): string {
  if (bound === 'cpus') return cpus(value)
  if (bound === 'memoryMiB' || bound === 'diskMiB') return mebibytes(value)
  return bound === 'pids' ? count(value, 'process', 'processes') : count(value, 'sandbox', 'sandboxes')
}

/** The same without its unit where the name beside it says it. */
export function bare(bound: Bound, value: number): string {
  if (bound === 'memoryMiB' || bound === 'diskMiB') return bytes(value * 1024 * 1024)
  return Number(value.toFixed(2)).toLocaleString('en')
}

/** What one more sandbox with these limits would lack: empty when it fits. */
export function lacks(wanted: Limits, quota: Quota, used: Quota): readonly Bound[] {
  const next: Quota = { ...wanted, sandboxes: 1 }
  return bounds.filter((bound) => used[bound] + next[bound] > quota[bound] + 1e-9)
}
