import { describe, expect, it } from 'vitest'
import { RateMeter } from './rates.js'

describe('rates of what is counted', () => {
  const counters = (cpuSeconds: number, networkRxBytes = 0, networkTxBytes = 0) => ({
    ...{ cpuSeconds, networkRxBytes, networkTxBytes },
  })

  it('are for each second, between two readings', () => {
    let now = 0
    const meter = new RateMeter(() => now)
    expect(meter.rates('a', counters(5, 100, 10))).toBeNull()
    now = 2000
    expect(meter.rates('a', counters(6, 4100, 410))).toEqual({
      ...{ cpus: 0.5, networkRxBytesPerSecond: 2000, networkTxBytesPerSecond: 200 },
    })
    expect(meter.rates('b', counters(0))).toBeNull()
  })

  it('span a second at least, however often somebody asks', () => {
    let now = 0
    const meter = new RateMeter(() => now)
    meter.rates('a', counters(0))
    now = 10_000
    expect(meter.rates('a', counters(10))?.cpus).toBe(1)
    now = 10_100
    // Against the reading at 0, for that at 10,000 is too near.
    expect(meter.rates('a', counters(10))?.cpus).toBeCloseTo(10 / 10.1)
    now = 11_100
    expect(meter.rates('a', counters(10))?.cpus).toBe(0)
  })

  it('are not told over a long time, of a counter that fell, or of what is forgotten', () => {
    let now = 0
    const meter = new RateMeter(() => now)
    meter.rates('a', counters(0))
    now = 31_000
    expect(meter.rates('a', counters(10))).toBeNull()
    now = 32_000
    expect(meter.rates('a', counters(3))?.cpus).toBe(0)
    meter.keep(new Set(['b']))
    now = 34_000
    expect(meter.rates('a', counters(3))).toBeNull()
  })
})
