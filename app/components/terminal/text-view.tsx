'use client'

import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Screen } from '../../terminal/screen'
import { CopyButton } from '../ui/copy'
import { Dialog, DialogFooter } from '../ui/dialog'

/**
 * The terminal's text as text: to be selected with a finger, read by a screen reader, found by the browser's own search.
 * It is what stood there when it was opened.
 */
export function TextView({
  screen,
  open,
  onOpenChange,
}: {
  screen: Screen
  open: boolean
  onOpenChange: (open: boolean) => void
}) {
  const t = useTranslations()
  const [text, setText] = useState('')
  useEffect(() => {
    if (open) setText(screen.text())
  }, [open, screen])
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={t('terminal.text')} wide>
      <div
        ref={(box) => box?.scrollTo(0, box.scrollHeight)}
        className="min-h-0 flex-1 overflow-auto bg-surface px-5 py-3"
      >
        <pre className="whitespace-pre-wrap break-words font-mono text-xs leading-5">{text}</pre>
      </div>
      <DialogFooter>
        <CopyButton text={text} what={t('terminal.allText')} />
      </DialogFooter>
    </Dialog>
  )
}
