'use client'

import { useEffect, useState } from 'react'

/** Seconds to the next try. Not in a live region: nobody wants to hear it count. */
export function Countdown({ what, untilMs }: { what: string; untilMs: number }) {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 250)
    return () => clearInterval(timer)
  }, [])
  const seconds = Math.ceil((untilMs - now) / 1000)
  return <span className="tabular text-muted">{seconds > 0 ? `${what} in ${seconds} s.` : `${what}…`}</span>
}
