import { describe, expect, it } from 'vitest'
import type { Usage } from './protocol'
import { ratesBetween } from './rates'

const usage: Usage = {
  cpuSeconds: 10,
  cpuThrottledSeconds: 0,
  memoryBytes: 0,
  memoryPeakBytes: 0,
  pids: 1,
  diskBytes: 0,
  diskReadBytes: 0,
  diskWriteBytes: 0,
  networkRxBytes: 1000,
  networkTxBytes: 500,
  oomKills: 0,
}

describe('rates between two readings', () => {
  it('are for each second', () => {
    const after = { ...usage, cpuSeconds: 11, networkRxBytes: 5000, networkTxBytes: 900 }
    expect(ratesBetween(usage, after, 2000)).toEqual({ cpus: 0.5, rxBytes: 2000, txBytes: 200 })
  })
  it('are unknown when the counters began anew', () => {
    expect(ratesBetween(usage, { ...usage, cpuSeconds: 0.1 }, 2000)).toBeNull()
  })
  it('are unknown without time between', () => expect(ratesBetween(usage, usage, 0)).toBeNull())
})
