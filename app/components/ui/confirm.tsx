'use client'

import { AlertDialog } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useExplain } from '../../lib/use-explain'
import { Button } from './button'
import { useFocusHome } from './focus-home'
import { Notice } from './notice'

export interface Question {
  readonly title: string
  readonly text: ReactNode
  /** What the button says, such as `Delete sandbox`. */
  readonly action: string
  readonly run: () => Promise<void>
}

/** Asks before something that cannot be undone. Stays open, and says why, when it fails. */
export function Confirm({ question, onClose }: { question: Question | null; onClose: () => void }) {
  const t = useTranslations()
  const explain = useExplain()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  const home = useFocusHome()
  if (!question) return null
  const close = () => {
    setError(undefined)
    onClose()
  }
  const run = async () => {
    setBusy(true)
    setError(undefined)
    try {
      await question.run()
      close()
    } catch (failure) {
      setError(explain(failure))
    } finally {
      setBusy(false)
    }
  }
  return (
    <AlertDialog.Root open onOpenChange={(open) => !open && !busy && close()}>
      <AlertDialog.Portal>
        <AlertDialog.Overlay className="fixed inset-0 z-40 animate-fade bg-shade" />
        <AlertDialog.Content
          onCloseAutoFocus={(event) => home.focus() && event.preventDefault()}
          className="fixed inset-x-4 top-[20vh] z-50 mx-auto max-w-md animate-pop rounded-xl bg-raised p-5 shadow-pop outline-none"
        >
          <AlertDialog.Title className="font-semibold text-base">{question.title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-muted">{question.text}</AlertDialog.Description>
          {error && (
            <div className="mt-3">
              <Notice tone="bad">{error}</Notice>
            </div>
          )}
          <div className="mt-5 flex justify-end gap-2">
            <AlertDialog.Cancel asChild>
              <Button disabled={busy}>{t('common.cancel')}</Button>
            </AlertDialog.Cancel>
            <Button look="danger" busy={busy} onClick={run}>
              {question.action}
            </Button>
          </div>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
