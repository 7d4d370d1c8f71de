'use client'

import { ClipboardCopy } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { copyText } from '../../lib/clipboard'
import { oneLine } from '../../lib/format'
import type { ClipboardPermission } from '../../terminal/clipboard'
import type { TerminalSession } from '../../terminal/session'
import { useStore } from '../../terminal/use-store'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'

/**
 * Puts on the clipboard what the shown terminal's program wants there. Asks the first time, and where the browser wants a
 * click for it.
 */
export function ClipboardBanner({
  session,
  permission,
}: {
  session: TerminalSession
  permission: ClipboardPermission
}) {
  const t = useTranslations()
  const copied = useStore(session.copied)
  const allowed = useStore(permission)
  const [refused, setRefused] = useState(false)
  const home = useFocusHome()

  useEffect(() => {
    setRefused(false)
    if (!copied || allowed === 'ask') return
    // While somebody is elsewhere, the clipboard is theirs.
    if (allowed === 'block' || !document.hasFocus()) session.copied.set(null)
    else
      navigator.clipboard?.writeText(copied.text).then(
        () => session.copied.get() === copied && session.copied.set(null),
        () => setRefused(true),
      ) ?? setRefused(true)
  }, [copied, allowed, session])

  if (!copied || (allowed !== 'ask' && !refused)) return null
  const copy = () => void copyText(copied.text)
  const done = () => {
    session.copied.set(null)
    home.focus()
  }
  return (
    <section
      aria-label={t('terminal.clipboard')}
      className="flex shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-line border-b bg-warn-soft px-3 py-1.5"
    >
      <ClipboardCopy aria-hidden className="size-4 text-warn" />
      <p role="status" className="min-w-0 flex-1">
        {t('terminal.copyRequest')}{' '}
        <q className="break-words font-mono text-xs">{oneLine(copied.text, 80)}</q>
      </p>
      <Button
        size="small"
        onClick={() => {
          copy()
          done()
        }}
      >
        {t('terminal.copyOnce')}
      </Button>
      {allowed === 'ask' && (
        <>
          <Button
            size="small"
            look="primary"
            onClick={() => {
              copy()
              permission.answer('allow')
              done()
            }}
          >
            {t('terminal.allowHere')}
          </Button>
          <Button
            size="small"
            onClick={() => {
              permission.answer('block')
              done()
            }}
          >
            {t('terminal.block')}
          </Button>
        </>
      )}
    </section>
  )
}
