'use client'

import { useState } from 'react'
import { useSWRConfig } from 'swr'
import { useTranslations } from 'use-intl'
import { NewPasswordFields, newPasswordOf } from '../../components/new-password'
import { Button } from '../../components/ui/button'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { PageHead, Panel } from '../../components/ui/panel'
import { useToast } from '../../components/ui/toast'
import { order } from '../../lib/api'
import { useSession } from '../../lib/session'
import { text, useSubmit } from '../../lib/use-submit'
import { DeleteAccount } from './delete-account'
import { Sessions } from './sessions'
import { SshKeys } from './ssh-keys'

/** A person's own name, password, sessions and account. */
export function Account() {
  const t = useTranslations()
  const { user } = useSession()
  if (!user) return <PageHead title={t('pages.account')}>{t('account.noAccount')}</PageHead>
  return (
    <>
      <PageHead title={t('pages.account')}>{t('account.audience')}</PageHead>
      <div className="grid max-w-3xl gap-5">
        <Panel title={t('account.profile')}>
          <Profile key={user.name} name={user.name} email={user.email} />
        </Panel>
        <Panel title={t('account.password')}>
          <Password email={user.email} />
        </Panel>
        <SshKeys />
        <Sessions />
        <DeleteAccount />
      </div>
    </>
  )
}

function Profile({ name, email }: { name: string; email: string }) {
  const t = useTranslations()
  const toast = useToast()
  const { mutate } = useSWRConfig()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    await order('/account', { method: 'PATCH', body: { name: text(form, 'name') } })
    await mutate('/me')
    toast.done(t('account.nameSaved'))
  })
  return (
    <form onSubmit={submit} className="grid gap-3 p-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field
        label={t('account.name')}
        name="name"
        autoComplete="name"
        defaultValue={name}
        required
        maxLength={64}
        error={fieldError('name')}
      />
      <Field label={t('account.email')} value={email} disabled readOnly hint={t('account.emailHint')} />
      <Button type="submit" busy={busy} className="justify-self-start">
        {t('account.saveName')}
      </Button>
    </form>
  )
}

function Password({ email }: { email: string }) {
  const t = useTranslations()
  const toast = useToast()
  const { mutate } = useSWRConfig()
  // A new form after each change: no password stays in the page.
  const [round, setRound] = useState(0)
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const body = { currentPassword: text(form, 'current'), newPassword: newPasswordOf(form) }
    await order('/account/password', { method: 'PUT', body })
    toast.done(t('account.passwordChanged'))
    setRound((now) => now + 1)
    await mutate('/account/sessions')
  })
  return (
    <form key={round} onSubmit={submit} className="grid gap-3 p-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Field
        label={t('account.currentPassword')}
        name="current"
        type="password"
        autoComplete="current-password"
        required
        error={fieldError('currentPassword')}
      />
      <NewPasswordFields email={email} error={fieldError('newPassword')} />
      <p className="text-muted text-xs">{t('account.passwordText')}</p>
      <Button type="submit" busy={busy} className="justify-self-start">
        {t('account.changePassword')}
      </Button>
    </form>
  )
}
