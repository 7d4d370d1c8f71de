import type { UsageHour } from '../../lib/protocol'
import type { Texts } from '../../messages/texts'

export interface Period {
  readonly hours: number
  /** Hours in one bar. */
  readonly step: number
  /** Bars from one mark of the time axis to the next. */
  readonly barsPerMark: number
}

export const periods = {
  day: { hours: 24, step: 1, barsPerMark: 6 },
  week: { hours: 168, step: 6, barsPerMark: 8 },
  month: { hours: 720, step: 24, barsPerMark: 7 },
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
  readonly name: keyof Texts<'usage'>['measures']
  readonly of: (hour: UsageHour) => number
  /** From the smallest; the first is what `of` counts in. */
  readonly units: readonly MeasureUnit[]
}

interface MeasureUnit {
  readonly size: number
  readonly name: keyof Texts<'usage'>['units']
}

const [kib, mib, gib, tib] = [1024, 1024 ** 2, 1024 ** 3, 1024 ** 4]

const byteUnits: readonly MeasureUnit[] = [
  { size: 1, name: 'b' },
  { size: 1024, name: 'kib' },
  { size: mib, name: 'mib' },
  { size: gib, name: 'gib' },
  { size: tib, name: 'tib' },
]

/** How much for how long: one GiB for an hour is 1 GiB h. */
const byteHours: readonly MeasureUnit[] = [
  { size: kib, name: 'kibHours' },
  { size: mib, name: 'mibHours' },
  { size: gib, name: 'gibHours' },
  { size: tib, name: 'tibHours' },
]

const processorTime: readonly MeasureUnit[] = [
  { size: 1, name: 'cpuSeconds' },
  { size: 60, name: 'cpuMinutes' },
  { size: 3600, name: 'cpuHours' },
]

const time: readonly MeasureUnit[] = [
  { size: 1, name: 'seconds' },
  { size: 60, name: 'minutes' },
  { size: 3600, name: 'hours' },
]

export const measures: readonly Measure[] = [
  { name: 'cpu', of: (hour) => hour.cpuSeconds, units: processorTime },
  { name: 'memory', of: (hour) => hour.memoryByteSeconds / 3600, units: byteHours },
  { name: 'disk', of: (hour) => hour.diskByteSeconds / 3600, units: byteHours },
  { name: 'running', of: (hour) => hour.sandboxSeconds, units: time },
  { name: 'received', of: (hour) => hour.networkRxBytes, units: byteUnits },
  { name: 'sent', of: (hour) => hour.networkTxBytes, units: byteUnits },
  { name: 'read', of: (hour) => hour.diskReadBytes, units: byteUnits },
  { name: 'written', of: (hour) => hour.diskWriteBytes, units: byteUnits },
]

export function valueIn(bucket: Bucket, measure: Measure): number {
  return bucket.used.reduce((sum, hour) => sum + measure.of(hour), 0)
}

export function totalOf(buckets: readonly Bucket[], measure: Measure): number {
  return buckets.reduce((sum, bucket) => sum + valueIn(bucket, measure), 0)
}
