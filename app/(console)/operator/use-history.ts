'use client'

import { useEffect, useState } from 'react'
import type { PoolStatus } from '../../lib/protocol'

/** Readings kept for each pool: four minutes at one each two seconds. */
export const kept = 120

export interface Reading {
  readonly ready: number
  readonly target: number
  /** Claims in the last whole minute. */
  readonly came: number
  /** Claims a minute that are expected now. */
  readonly forecast: number
}

/** A pool is told apart by what its sandboxes are made from and their size. */
export function poolName({ template, isolation, purpose, memoryMiB }: PoolStatus): string {
  return purpose === 'run' ? `${template}, for runs` : `${template}, ${isolation}, ${memoryMiB} MiB`
}

/** What this page has seen of each pool, the newest last. */
export function useHistory(pools: readonly PoolStatus[]): ReadonlyMap<string, readonly Reading[]> {
  const [history, setHistory] = useState<ReadonlyMap<string, readonly Reading[]>>(new Map())
  useEffect(() => {
    setHistory((before) => {
      const next = new Map<string, readonly Reading[]>()
      for (const pool of pools) {
        const { ready, target, forecast } = pool
        const reading = { ready, target, came: forecast.actual, forecast: forecast.perMinute }
        next.set(poolName(pool), [...(before.get(poolName(pool)) ?? []), reading].slice(-kept))
      }
      return next
    })
  }, [pools])
  return history
}
