'use client'

import { Unplug } from 'lucide-react'
import { useTranslations } from 'use-intl'
import { connection, retryNow } from '../../lib/connection'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Countdown } from '../ui/countdown'

/** Says on every page that the server does not answer, and when it is asked again. */
export function ConnectionBanner() {
  const t = useTranslations()
  const status = useStore(connection)
  if (status.kind === 'up') return null
  return (
    <section
      aria-label={t('shell.connection')}
      className="sticky top-12 z-20 flex flex-wrap items-center gap-x-3 gap-y-1 border-line border-b bg-warn-soft px-4 py-1.5 sm:px-6 lg:top-0 lg:px-8"
    >
      <Unplug aria-hidden className="size-4 text-warn" />
      <p className="min-w-0 flex-1">
        <span role="status">
          {t.rich('shell.cannotReach', {
            strong: (text) => <strong className="font-semibold">{text}</strong>,
          })}
        </span>{' '}
        <Countdown what="retrying" untilMs={status.retryAtMs} />
      </p>
      <Button size="small" onClick={retryNow}>
        {t('shell.retryNow')}
      </Button>
    </section>
  )
}
