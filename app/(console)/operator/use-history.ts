'use client'

import { useEffect, useState } from 'react'
import type { PoolStatus } from '../../lib/protocol'

/** Readings kept for each pool: two minutes of them. */
const kept = 60

/** How many were ready at each reading that this page has seen, by `template isolation`. */
export function useHistory(pools: readonly PoolStatus[]): ReadonlyMap<string, readonly number[]> {
  const [history, setHistory] = useState<ReadonlyMap<string, readonly number[]>>(new Map())
  useEffect(() => {
    setHistory((before) => {
      const next = new Map<string, readonly number[]>()
      for (const { template, isolation, ready } of pools) {
        const key = `${template} ${isolation}`
        next.set(key, [...(before.get(key) ?? []), ready].slice(-kept))
      }
      return next
    })
  }, [pools])
  return history
}
