'use client'

import { useEffect, useState } from 'react'
import { useFormat } from '../../lib/use-format'

/** How long ago, kept true while it is seen. The server does not know the reader's clock, so it draws none. */
export function Age({ since }: { since: string }) {
  const { dateTime, duration } = useFormat()
  const [now, setNow] = useState<number | null>(null)
  useEffect(() => {
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 10_000)
    return () => clearInterval(timer)
  }, [])
  if (now === null) return null
  return (
    <time dateTime={since} title={dateTime(since)} className="tabular whitespace-nowrap">
      {duration(now - new Date(since).getTime())}
    </time>
  )
}
