'use client'

import { Unplug } from 'lucide-react'
import { connection, retryNow } from '../../lib/connection'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Countdown } from '../ui/countdown'

/** Says on every page that the server does not answer, and when it is asked again. */
export function ConnectionBanner() {
  const status = useStore(connection)
  if (status.kind === 'up') return null
  return (
    <section
      aria-label="Connection"
      className="sticky top-12 z-20 flex flex-wrap items-center gap-x-3 gap-y-1 border-line border-b bg-warn-soft px-4 py-1.5 sm:px-6 lg:top-0 lg:px-8"
    >
      <Unplug aria-hidden className="size-4 text-warn" />
      <p className="min-w-0 flex-1">
        <span role="status">
          <strong className="font-semibold">Cannot reach Cloche.</strong> This page may be out of date.
          Sandboxes keep running.
        </span>{' '}
        <Countdown what="Retrying" untilMs={status.retryAtMs} />
      </p>
      <Button size="small" onClick={retryNow}>
        Retry now
      </Button>
    </section>
  )
}
