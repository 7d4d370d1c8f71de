'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { auth } from '../../lib/api'
import { safeNext } from '../../lib/next'
import { text, useSubmit } from '../../lib/use-submit'

export function SignIn({ next }: { next: string | null }) {
  const t = useTranslations()
  const { submit, busy, error } = useSubmit(async (form) => {
    const [name, password] = [text(form, 'email').trim(), text(form, 'password')]
    // A student without an address signs in with the name on their card.
    if (name.includes('@')) await auth('/sign-in/email', { email: name, password })
    else await auth('/sign-in/username', { username: name, password })
    // A whole new page, so that nothing of another person's session is left in memory.
    window.location.assign(safeNext(next))
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      <h1 className="font-semibold text-lg">{t('entry.signIn')}</h1>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field
        label={t('entry.emailOrName')}
        name="email"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        maxLength={320}
        autoFocus
      />
      <Field
        label={t('entry.passwordOrCode')}
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      <Button type="submit" look="primary" size="large" busy={busy}>
        {t('entry.signIn')}
      </Button>
      <p className="text-balance text-center text-muted">{t('entry.forgot')}</p>
      <p className="text-center text-muted">
        {t.rich('entry.noAccount', {
          link: (text) => (
            <Link
              href={next ? `/sign-up?next=${encodeURIComponent(next)}` : '/sign-up'}
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
