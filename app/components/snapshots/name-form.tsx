import { useTranslations } from 'use-intl'
import { text, useSubmit } from '../../lib/use-submit'
import { Button } from '../ui/button'
import { Field } from '../ui/field'

/** Asks for the one name that something about a snapshot needs, in the place of its row. */
export function NameForm({
  label,
  hint,
  value = '',
  maxLength,
  action,
  onSubmit,
  onClose,
}: {
  label: string
  hint?: string | undefined
  value?: string | undefined
  maxLength: number
  action: string
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
      </form>
    </li>
  )
}
