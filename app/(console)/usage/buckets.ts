import { bytes } from '../../lib/format'
import type { UsageHour } from '../../lib/protocol'

export interface Period {
  readonly title: string
  readonly hours: number
  /** Hours in one bar. */
  readonly step: number
}

export const periods = {
  day: { title: '24 hours', hours: 24, step: 1 },
  week: { title: '7 days', hours: 168, step: 6 },
  month: { title: '30 days', hours: 720, step: 24 },
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
  readonly show: (value: number) => string
}

const gib = 1024 ** 3

/** `1.25 CPU hours`: two digits after the point are enough for a bill that rounds to cents. */
const hoursOf = (what: string) => (value: number) =>
  `${value.toLocaleString('en', { maximumFractionDigits: value < 10 ? 2 : 0 })} ${what}`

export const measures: readonly Measure[] = [
  { name: 'CPU', of: (hour) => hour.cpuSeconds / 3600, show: hoursOf('CPU hours') },
  { name: 'Memory', of: (hour) => hour.memoryByteSeconds / 3600 / gib, show: hoursOf('GiB hours') },
  { name: 'Disk', of: (hour) => hour.diskByteSeconds / 3600 / gib, show: hoursOf('GiB hours') },
  { name: 'Sandboxes', of: (hour) => hour.sandboxSeconds / 3600, show: hoursOf('hours') },
  { name: 'Network received', of: (hour) => hour.networkRxBytes, show: bytes },
  { name: 'Network sent', of: (hour) => hour.networkTxBytes, show: bytes },
  { name: 'Disk read', of: (hour) => hour.diskReadBytes, show: bytes },
  { name: 'Disk written', of: (hour) => hour.diskWriteBytes, show: bytes },
]

export function valueIn(bucket: Bucket, measure: Measure): number {
  return bucket.used.reduce((sum, hour) => sum + measure.of(hour), 0)
}

export function totalOf(buckets: readonly Bucket[], measure: Measure): number {
  return buckets.reduce((sum, bucket) => sum + valueIn(bucket, measure), 0)
}
