import { useTranslations } from 'use-intl'
import { passwordLength } from '../lib/protocol'
import { TextError } from '../lib/text-error'
import { text } from '../lib/use-submit'
import { Field } from './ui/field'

const length = { minLength: passwordLength.min, maxLength: passwordLength.max }

/** A new password, typed twice. Password managers are told whose it is. */
export function NewPasswordFields({
  email,
  error,
  autoFocus = false,
}: {
  email: string
  error: string | undefined
  autoFocus?: boolean
}) {
  const t = useTranslations()
  return (
    <>
      <input type="hidden" name="username" autoComplete="username" value={email} />
      <Field
        label={t('common.newPassword')}
        name="new"
        type="password"
        autoComplete="new-password"
        hint={t('common.passwordHint', { min: String(passwordLength.min) })}
        {...length}
        required
        autoFocus={autoFocus}
        error={error}
      />
      <Field
        label={t('common.repeatPassword')}
        name="repeated"
        type="password"
        autoComplete="new-password"
        {...length}
        required
      />
    </>
  )
}

/** @throws TextError when the two are not the same */
export function newPasswordOf(form: FormData): string {
  const password = text(form, 'new')
  if (password !== text(form, 'repeated')) throw new TextError('common.passwordsDiffer')
  return password
}
