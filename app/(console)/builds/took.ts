'use client'

import { useCallback } from 'react'
import { microseconds } from '../../lib/format'
import { useFormat } from '../../lib/use-format'

/** Says how long something took: `12.3 ms`, `1.25 s`, `4 min`. */
export function useTook(): (ms: number) => string {
  const { duration } = useFormat()
  return useCallback(
    (ms: number) => (ms < 60_000 ? microseconds(Math.max(0, ms) * 1000) : duration(ms)),
    [duration],
  )
}
