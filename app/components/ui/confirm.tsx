'use client'

import { AlertDialog } from 'radix-ui'
import { type ReactNode, type SyntheticEvent, useState } from 'react'
import { useTranslations } from 'use-intl'
import { useExplain } from '../../lib/use-explain'
import { Button } from './button'
import { Field } from './field'
import { useFocusHome } from './focus-home'
import { Notice } from './notice'

export interface Question {
  readonly title: string
  readonly text: ReactNode
  /** What the button says, such as `Delete sandbox`. */
  readonly action: string
  readonly look?: 'danger' | 'primary'
  /** What has to be typed first, such as the name of what is deleted. */
  readonly typed?: string
  /** @param ask what is to be asked next, before anything is done */
  readonly run: (ask: (next: Question) => void) => Promise<void>
}

/** Asks before something that cannot be undone, twice where the first answer is not enough. Stays open, and says why, when it fails. */
export function Confirm({ question, onClose }: { question: Question | null; onClose: () => void }) {
  const t = useTranslations()
  const explain = useExplain()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<string>()
  const [next, setNext] = useState<{ after: Question; question: Question } | null>(null)
  const [typed, setTyped] = useState('')
  const home = useFocusHome()
  if (!question) return null
  const asked = next?.after === question ? next.question : question
  const close = () => {
    setError(undefined)
    setNext(null)
    setTyped('')
    onClose()
  }
  const run = async (event: SyntheticEvent) => {
    event.preventDefault()
    // React hands it on to a form around this one, where the page has one.
    event.stopPropagation()
    setBusy(true)
    setError(undefined)
    const following: Question[] = []
    try {
      await asked.run((one) => following.push(one))
      if (following[0]) setNext({ after: question, question: following[0] })
      else close()
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
          <AlertDialog.Title className="font-semibold text-base">{asked.title}</AlertDialog.Title>
          <AlertDialog.Description className="mt-2 text-muted">{asked.text}</AlertDialog.Description>
          {error && (
            <div className="mt-3">
              <Notice tone="bad">{error}</Notice>
            </div>
          )}
          <form onSubmit={(event) => void run(event)}>
            {asked.typed !== undefined && (
              <div className="mt-3">
                <Field
                  key={asked.typed}
                  label={t('common.typeToConfirm', { text: asked.typed })}
                  autoComplete="off"
                  spellCheck={false}
                  autoFocus
                  value={typed}
                  onChange={({ target }) => setTyped(target.value)}
                />
              </div>
            )}
            <div className="mt-5 flex justify-end gap-2">
              <AlertDialog.Cancel asChild>
                <Button disabled={busy}>{t('common.cancel')}</Button>
              </AlertDialog.Cancel>
              <Button
                type="submit"
                look={asked.look ?? 'danger'}
                busy={busy}
                disabled={asked.typed !== undefined && typed.trim() !== asked.typed}
              >
                {asked.action}
              </Button>
            </div>
          </form>
        </AlertDialog.Content>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  )
}
