import { passwordLength } from '../lib/protocol'
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
  return (
    <>
      <input type="hidden" name="username" autoComplete="username" value={email} />
      <Field
        label="New password"
        name="new"
        type="password"
        autoComplete="new-password"
        hint={`At least ${passwordLength.min} characters.`}
        {...length}
        required
        autoFocus={autoFocus}
        error={error}
      />
      <Field
        label="Repeat new password"
        name="repeated"
        type="password"
        autoComplete="new-password"
        {...length}
        required
      />
    </>
  )
}

/** @throws Error for people, when the two are not the same */
export function newPasswordOf(form: FormData): string {
  const password = text(form, 'new')
  if (password !== text(form, 'repeated')) throw new Error('The new passwords do not match.')
  return password
}
