import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Field } from '../ui/field'

/** That something is under way, and for how long. */
function Working({ children }: { children: string }) {
  const [seconds, setSeconds] = useState(0)
  useEffect(() => {
    const ticking = setInterval(() => setSeconds((past) => past + 1), 1000)
    return () => clearInterval(ticking)
  }, [])
  return (
    <p className="flex w-full items-center gap-3 text-muted text-xs">
      <progress className="h-1.5 w-32 accent-accent" aria-label={children} />
      <span role="status">{children}</span>
      <span aria-hidden className="tabular">
        {seconds} s
      </span>
    </p>
  )
}

/** Asks for the one name that something about a snapshot needs, in the place of its row. */
export function NameForm({
  label,
  hint,
  value = '',
  maxLength,
  action,
  working,
  onSubmit,
  onClose,
}: {
  label: string
  hint?: string | undefined
  value?: string | undefined
  maxLength: number
  action: string
  /** What is said while it takes its time. */
  working?: string | undefined
  /** @throws what the API says */
  onSubmit: (name: string) => Promise<void>
  onClose: () => void
}) {
  const t = useTranslations()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const name = text(form, 'name').trim()
    if (name !== value) await onSubmit(name)
    onClose()
  })
  return (
    <li className="p-3">
      <form
        onSubmit={submit}
        className="flex flex-wrap items-end gap-2"
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return
          event.stopPropagation()
          onClose()
        }}
      >
        <div className="min-w-48 flex-1">
          <Field
            label={label}
            name="name"
            defaultValue={value}
            placeholder={hint}
            maxLength={maxLength}
            required
            autoFocus
            autoComplete="off"
            error={fieldError('name') ?? error?.message}
          />
        </div>
        <Button type="submit" look="primary" busy={busy}>
          {action}
        </Button>
        <Button onClick={onClose}>{t('common.cancel')}</Button>
        {busy && working !== undefined && <Working>{working}</Working>}
      </form>
    </li>
  )
}
