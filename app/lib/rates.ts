'use client'

import { useEffect, useRef, useState } from 'react'
import type { Usage } from './protocol'

/** What changed between two readings, for each second. */
export interface Rates {
  /** Cores in use: 1 is one whole core. */
  readonly cpus: number
  readonly rxBytes: number
  readonly txBytes: number
}

/** Counters fall when a sandbox starts again: then there is no rate yet. */
export function ratesBetween(before: Usage, after: Usage, elapsedMs: number): Rates | null {
  const seconds = elapsedMs / 1000
  if (seconds <= 0 || after.cpuSeconds < before.cpuSeconds || after.networkRxBytes < before.networkRxBytes)
    return null
  return {
    cpus: (after.cpuSeconds - before.cpuSeconds) / seconds,
    rxBytes: (after.networkRxBytes - before.networkRxBytes) / seconds,
    txBytes: Math.max(0, after.networkTxBytes - before.networkTxBytes) / seconds,
  }
}

interface Reading {
  readonly usage: Usage
  readonly atMs: number
}

interface Metered {
  readonly id: string
  readonly usage: Usage | null
}

/** The rates of each sandbox, from the readings that went by. Empty until the second one. */
export function useRates(sandboxes: readonly Metered[]): ReadonlyMap<string, Rates> {
  const readings = useRef(new Map<string, Reading>())
  const [rates, setRates] = useState<ReadonlyMap<string, Rates>>(new Map())
  useEffect(() => {
    const atMs = performance.now()
    const next = new Map<string, Reading>()
    const found = new Map<string, Rates>()
    for (const { id, usage } of sandboxes) {
      if (!usage) continue
      const before = readings.current.get(id)
      const rate = before && ratesBetween(before.usage, usage, atMs - before.atMs)
      if (rate) found.set(id, rate)
      next.set(id, { usage, atMs })
    }
    readings.current = next
    setRates(found)
  }, [sandboxes])
  return rates
}
