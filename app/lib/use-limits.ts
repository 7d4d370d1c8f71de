'use client'

import { useTranslations } from 'use-intl'
import { bytes, mebibytes } from './format'
import type { Bound } from './limits'
import { useFormat } from './use-format'

/** How amounts of what limits and quotas bind are written. Their names are `units.bounds`. */
export function useLimits() {
  const t = useTranslations()
  const format = useFormat()
  return {
    /** `4 CPUs`, `512 MiB`. */
    amount: (bound: Bound, value: number): string => {
      if (bound === 'cpus') return format.cpus(value)
      if (bound === 'memoryMiB' || bound === 'diskMiB') return mebibytes(value)
      return t(bound === 'pids' ? 'units.processes' : 'units.sandboxes', { count: value })
    },
    /** The same without its unit where the name beside it says it. */
    bare: (bound: Bound, value: number): string => {
      if (bound === 'memoryMiB' || bound === 'diskMiB') return bytes(value * 1024 * 1024)
      return format.number(Number(value.toFixed(2)))
    },
  }
}
