import type { UsageHour } from '../../lib/protocol'
import type { Unit } from './axis'

export interface Period {
  readonly title: string
  readonly hours: number
  /** Hours in one bar. */
  readonly step: number
  /** Bars from one mark of the time axis to the next. */
  readonly barsPerMark: number
}

export const periods = {
  day: { title: '24 hours', hours: 24, step: 1, barsPerMark: 6 },
  week: { title: '7 days', hours: 168, step: 6, barsPerMark: 8 },
  month: { title: '30 days', hours: 720, step: 24, barsPerMark: 7 },
} as const satisfies Record<string, Period>
export type PeriodName = keyof typeof periods

/** One bar: what was used from `fromMs` until `fromMs + hours`. */
export interface Bucket {
  readonly fromMs: number
  readonly hours: number
  readonly used: readonly UsageHour[]
}

const hourMs = 3_600_000

/** Sorts hours into bars that end with the hour of `nowMs`; hours without usage are bars of nothing. */
export function bucketsOf(hours: readonly UsageHour[], nowMs: number, period: Period): readonly Bucket[] {
  const endMs = (Math.floor(nowMs / hourMs) + 1) * hourMs
  const count = Math.ceil(period.hours / period.step)
  const startMs = endMs - count * period.step * hourMs
  const used: UsageHour[][] = Array.from({ length: count }, () => [])
  for (const hour of hours) {
    used[Math.floor((Date.parse(hour.hour) - startMs) / (period.step * hourMs))]?.push(hour)
  }
  return used.map((list, index) => ({
    fromMs: startMs + index * period.step * hourMs,
    hours: period.step,
    used: list,
  }))
}

export interface Measure {
  readonly name: string
  readonly of: (hour: UsageHour) => number
  /** From the smallest; the first is what `of` counts in. */
  readonly units: readonly Unit[]
}

const [kib, mib, gib, tib] = [1024, 1024 ** 2, 1024 ** 3, 1024 ** 4]

const byteUnits: readonly Unit[] = [
  { size: 1, name: 'B' },
  { size: 1024, name: 'KiB' },
  { size: mib, name: 'MiB' },
  { size: gib, name: 'GiB' },
  { size: tib, name: 'TiB' },
]

/** How much for how long: one GiB for an hour is 1 GiB h. */
const byteHours: readonly Unit[] = [
  { size: kib, name: 'KiB h' },
  { size: mib, name: 'MiB h' },
  { size: gib, name: 'GiB h' },
  { size: tib, name: 'TiB h' },
]

const seconds = (what: string): readonly Unit[] => [
  { size: 1, name: `${what}s` },
  { size: 60, name: `${what}min` },
  { size: 3600, name: `${what}h` },
]

export const measures: readonly Measure[] = [
  { name: 'CPU time', of: (hour) => hour.cpuSeconds, units: seconds('CPU ') },
  { name: 'Memory', of: (hour) => hour.memoryByteSeconds / 3600, units: byteHours },
  { name: 'Disk', of: (hour) => hour.diskByteSeconds / 3600, units: byteHours },
  { name: 'Running time of sandboxes', of: (hour) => hour.sandboxSeconds, units: seconds('') },
  { name: 'Network received', of: (hour) => hour.networkRxBytes, units: byteUnits },
  { name: 'Network sent', of: (hour) => hour.networkTxBytes, units: byteUnits },
  { name: 'Disk read', of: (hour) => hour.diskReadBytes, units: byteUnits },
  { name: 'Disk written', of: (hour) => hour.diskWriteBytes, units: byteUnits },
]

export function valueIn(bucket: Bucket, measure: Measure): number {
  return bucket.used.reduce((sum, hour) => sum + measure.of(hour), 0)
}

export function totalOf(buckets: readonly Bucket[], measure: Measure): number {
  return buckets.reduce((sum, bucket) => sum + valueIn(bucket, measure), 0)
}
