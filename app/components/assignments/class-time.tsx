'use client'

import { useEffect, useState } from 'react'
import { useLocale, useTranslations } from 'use-intl'
import type { ClassTime as Time } from '../../lib/protocol-assignments'
import { relative, wallClock } from '../../lib/relative'
import { useFormat } from '../../lib/use-format'

/**
 * A time by the clocks of its class, how far away it is, and what it is here where clocks are set otherwise.
 *
 * @param plain only the first, as in a list of staff, who are told the time zone above it
 */
export function ClassTime({ time, plain = false }: { time: Pick<Time, 'at' | 'local'>; plain?: boolean }) {
  const t = useTranslations()
  const locale = useLocale()
  const { dateTime } = useFormat()
  const now = useNow()
  return (
    <time dateTime={time.at} className="tabular">
      {wallClock(time.local, locale)}
      {!plain && differsHere(time) && (
        <span className="text-muted"> {t('assignments.here', { time: dateTime(time.at) })}</span>
      )}
      {!plain && now !== null && (
        <span className="text-muted"> · {relative(Date.parse(time.at) - now, locale)}</span>
      )}
    </time>
  )
}

/** The clock, to within a few seconds; null as long as the server draws the page. */
function useNow(): number | null {
  const [now, setNow] = useState<number | null>(null)
  useEffect(() => {
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 10_000)
    return () => clearInterval(timer)
  }, [])
  return now
}

/** Whether the clocks of this device show another time than those of the class. */
function differsHere({ at, local }: Pick<Time, 'at' | 'local'>): boolean {
  const here = new Date(at)
  const clock = new Date(here.getTime() - here.getTimezoneOffset() * 60_000).toISOString()
  return clock.slice(0, 16) !== local.slice(0, 16)
}
