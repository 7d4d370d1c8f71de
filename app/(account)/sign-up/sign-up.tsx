'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Skeleton } from '../../components/ui/states'
import { auth } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { useInvitation } from '../../lib/invitation'
import { safeNext, signInPath } from '../../lib/next'
import { passwordLength } from '../../lib/protocol'
import { text, useSubmit } from '../../lib/use-submit'

export function SignUp({ next }: { next: string | null }) {
  const t = useTranslations()
  const invitation = useInvitation()
  const invited = next === '/join' ? invitation.preview : undefined
  const { submit, busy, error } = useSubmit(async (form) => {
    await auth('/sign-up/email', {
      name: text(form, 'name'),
      email: text(form, 'email'),
      password: text(form, 'password'),
    })
    window.location.assign(safeNext(next))
    return 'leaving'
  })
  // The field begins with the invited address, so it is drawn when that is known.
  if (next === '/join' && invitation.isLoading) return <Skeleton className="h-72" />
  return (
    <form onSubmit={submit} className="grid gap-4">
      <h1 className="font-semibold text-lg">{t('entry.createAnAccount')}</h1>
      {invited && <p className="text-muted">{t('entry.willJoin', { name: oneLine(invited.tenant) })}</p>}
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field label={t('entry.name')} name="name" autoComplete="name" required maxLength={64} autoFocus />
      <Field
        label={t('entry.email')}
        name="email"
        type="email"
        autoComplete="username"
        required
        maxLength={254}
        {...(invited?.email
          ? { defaultValue: invited.email, readOnly: true, hint: t('entry.invitationIsFor') }
          : {})}
      />
      <Field
        label={t('entry.password')}
        name="password"
        type="password"
        autoComplete="new-password"
        hint={t('common.passwordHint', { min: String(passwordLength.min) })}
        minLength={passwordLength.min}
        maxLength={passwordLength.max}
        required
      />
      <Button type="submit" look="primary" size="large" busy={busy}>
        {t('entry.createAccount')}
      </Button>
      <p className="text-center text-muted">
        {t.rich('entry.haveAccount', {
          link: (text) => (
            <Link
              href={next ? signInPath(next) : '/sign-in'}
              className="font-medium text-accent underline underline-offset-2"
            >
              {text}
            </Link>
          ),
        })}
      </p>
    </form>
  )
}
