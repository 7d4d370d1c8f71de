'use client'

import { useState } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../ui/button'
import { Dialog, DialogBody, DialogFooter } from '../ui/dialog'

/** Where the browser does not let the page read the clipboard, a person can paste here. */
export function PasteDialog({
  open,
  onOpenChange,
  onPaste,
}: {
  open: boolean
  onOpenChange: (open: boolean) => void
  onPaste: (text: string) => void
}) {
  const t = useTranslations()
  const [text, setText] = useState('')
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={t('terminal.pasteTitle')}
      description={t('terminal.pasteBlocked')}
    >
      <DialogBody>
        <textarea
          aria-label={t('terminal.textToPaste')}
          autoFocus
          rows={4}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          className="w-full rounded-md border border-edge bg-surface p-2 font-mono"
        />
      </DialogBody>
      <DialogFooter>
        <Button
          look="primary"
          disabled={!text}
          onClick={() => {
            onOpenChange(false)
            onPaste(text)
            setText('')
          }}
        >
          {t('terminal.sendToTerminal')}
        </Button>
      </DialogFooter>
    </Dialog>
  )
}
