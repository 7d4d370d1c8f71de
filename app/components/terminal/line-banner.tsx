'use client'

import { Unplug } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { terminalLine } from '../../terminal/line'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { Countdown } from '../ui/countdown'
import { useFocusHome } from '../ui/focus-home'

/** Says that the line is down, what that means, and when it is tried again. */
export function LineBanner() {
  const t = useTranslations()
  const line = terminalLine()
  const home = useFocusHome()
  const status = useStore(line.status)
  const trouble = useTrouble(status.kind)
  if (!trouble) return null
  return (
    <div
      data-line={status.kind}
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-line border-b bg-warn-soft px-3 py-1.5"
    >
      <Unplug aria-hidden className="size-4 text-warn" />
      <p className="min-w-0 flex-1">
        <span role="status">
          {status.kind === 'refused'
            ? t('terminal.lineRefused', { reason: status.reason })
            : t.rich('terminal.lineLost', {
                strong: (text) => <strong className="font-semibold">{text}</strong>,
              })}
        </span>{' '}
        {status.kind === 'down' && <Countdown what="reconnecting" untilMs={status.retryAtMs} />}
      </p>
      <Button
        size="small"
        onClick={() => {
          line.retryNow()
          home.focus()
        }}
      >
        {t('terminal.reconnectNow')}
      </Button>
    </div>
  )
}

/** True from the first break until it is up again, so that the banner does not flicker with each try. */
function useTrouble(kind: 'connecting' | 'up' | 'down' | 'refused'): boolean {
  const [trouble, setTrouble] = useState(kind === 'down' || kind === 'refused')
  useEffect(() => {
    if (kind === 'down' || kind === 'refused') setTrouble(true)
    else if (kind === 'up') setTrouble(false)
  }, [kind])
  return trouble
}
