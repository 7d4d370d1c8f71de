import { describe, expect, it } from 'vitest'
import type { UsageHour } from '../../lib/protocol'
import { bucketsOf, measures, periods, totalOf } from './buckets'

const now = Date.parse('2026-11-24T20:30:00Z')
const hour = (at: string, cpuSeconds: number): UsageHour => ({
  hour: at,
  cpuSeconds,
  sandboxSeconds: 0,
  memoryByteSeconds: 0,
  memoryPeakBytes: 0,
  diskByteSeconds: 0,
  diskReadBytes: 0,
  diskWriteBytes: 0,
  networkRxBytes: 0,
  networkTxBytes: 0,
})

describe('hours of usage', () => {
  it('become one bar each for a day, and the last bar is the hour that runs', () => {
    const buckets = bucketsOf(
      [hour('2026-11-24T20:00:00Z', 1), hour('2026-11-23T21:00:00Z', 2)],
      now,
      periods.day,
    )
    expect(buckets).toHaveLength(24)
    expect(buckets.at(-1)?.used).toHaveLength(1)
    expect(buckets.at(0)?.used).toHaveLength(1)
  })

  it('become four bars a day for a week', () => {
    const buckets = bucketsOf(
      [hour('2026-11-24T15:00:00Z', 1), hour('2026-11-24T20:00:00Z', 1)],
      now,
      periods.week,
    )
    expect(buckets).toHaveLength(28)
    expect(buckets.at(-1)?.used).toHaveLength(2)
  })

  it('outside of the period are not counted', () => {
    const [cpu] = measures
    const buckets = bucketsOf(
      [hour('2026-11-20T00:00:00Z', 3600), hour('2026-11-24T19:00:00Z', 1800)],
      now,
      periods.day,
    )
    expect(cpu && totalOf(buckets, cpu)).toBe(1800)
  })
})
