'use client'

import { Moon } from 'lucide-react'
import { useEffect, useMemo, useRef } from 'react'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { order } from '../../lib/api'
import { onDeed } from '../../lib/attended'
import type { sandboxWithUsage } from '../../lib/protocol'
import { Button } from '../ui/button'
import { Countdown } from '../ui/countdown'
import { useFocusHome } from '../ui/focus-home'
import { useToast } from '../ui/toast'

/** What somebody does at the page is told no more often than this. */
const toldEveryMs = 60_000

/**
 * Keeps a sandbox awake while somebody is at its page, and warns before it is put to sleep. When that will be, the server
 * says.
 */
export function SleepWarning({
  sandbox,
  refresh,
}: {
  sandbox: z.infer<typeof sandboxWithUsage>
  refresh: () => Promise<unknown>
}) {
  const t = useTranslations()
  const home = useFocusHome()
  const toast = useToast()
  const { id, idle, state, access, sleepsSoon } = sandbox
  const told = useRef(Number.NEGATIVE_INFINITY)
  const soon = sleepsSoon !== null
  const mayKeep = access !== 'look'
  const counts = idle !== null && state === 'running' && mayKeep
  const untilMs = useMemo(() => Date.now() + (sleepsSoon?.inSeconds ?? 0) * 1000, [sleepsSoon])

  useEffect(() => {
    if (!counts) return
    return onDeed(() => {
      const now = Date.now()
      if (now - told.current < (soon ? 1000 : toldEveryMs)) return
      told.current = now
      // It is told again by the next deed.
      void order(`/sandboxes/${id}/keep-awake`, { method: 'POST' }).then(soon ? refresh : undefined, () => {})
    })
  }, [counts, soon, id, refresh])

  if (sleepsSoon === null) return <div role="status" className="contents" />
  return (
    <div
      data-sleep={sleepsSoon.how}
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-line border-b bg-raised px-3 py-1.5"
    >
      <Moon aria-hidden className="size-4 shrink-0 text-muted" />
      <p className="min-w-0 flex-1">
        <span role="status">{t(`workspace.sleepsSoon.${sleepsSoon.how}`)}</span>{' '}
        <Countdown what={sleepsSoon.how} untilMs={untilMs} />
      </p>
      {mayKeep && (
        <Button
          size="small"
          onClick={() => {
            home.focus()
            order(`/sandboxes/${id}/keep-awake`, { method: 'POST' }).then(refresh).catch(toast.failed)
          }}
        >
          {t('workspace.keepAwake')}
        </Button>
      )}
    </div>
  )
}
