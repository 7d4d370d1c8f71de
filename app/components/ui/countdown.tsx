'use client'

import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'

/** Seconds until something happens. Not in a live region: nobody wants to hear it count. */
export function Countdown({
  what,
  untilMs,
}: {
  what: 'retrying' | 'reconnecting' | 'paused' | 'stopped'
  untilMs: number
}) {
  const t = useTranslations()
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  const seconds = Math.max(0, Math.ceil((untilMs - now) / 1000))
  return <span className="tabular text-muted">{t(`common.countdown.${what}`, { seconds })}</span>
}
