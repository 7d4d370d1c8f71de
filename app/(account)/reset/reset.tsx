'use client'

import Link from 'next/link'
import { useState } from 'react'
import useSWR from 'swr'
import { useTranslations } from 'use-intl'
import { z } from 'zod'
import { NewPasswordFields, newPasswordOf } from '../../components/new-password'
import { Button } from '../../components/ui/button'
import { Notice } from '../../components/ui/notice'
import { Skeleton } from '../../components/ui/states'
import { call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { resetName, useLinkSecret } from '../../lib/link-secret'
import { resetLinkStatus } from '../../lib/protocol'
import { useExplain } from '../../lib/use-explain'
import { useSubmit } from '../../lib/use-submit'

const answer = z.object({ email: z.string() })

/** The end of an operator's reset link: a new password for the account that it was made for. */
export function Reset() {
  const t = useTranslations()
  const explain = useExplain()
  const secret = useLinkSecret(resetName)
  const status = useSWR(
    secret ? ['/account/reset/preview', secret] : null,
    ([path, link]) => call(resetLinkStatus, path, { method: 'POST', body: { secret: link } }),
    { revalidateOnFocus: false, shouldRetryOnError: false },
  )
  const [done, setDone] = useState(false)
  if (secret === undefined || status.isLoading) return <Skeleton className="h-40" />
  return (
    <div className="grid gap-4">
      <h1 className="font-semibold text-lg">{t('entry.resetTitle')}</h1>
      {done ? (
        <>
          <Notice tone="info">{t('entry.passwordChanged')}</Notice>
          <Button asChild look="primary" size="large">
            <Link href="/sign-in">{t('entry.signIn')}</Link>
          </Button>
        </>
      ) : !secret ? (
        <Notice tone="bad">{t('entry.resetIncomplete')}</Notice>
      ) : status.data ? (
        <NewPassword secret={secret} email={status.data.email} onDone={() => setDone(true)} />
      ) : (
        <Notice tone="bad">{explain(status.error)}</Notice>
      )}
    </div>
  )
}

function NewPassword({ secret, email, onDone }: { secret: string; email: string; onDone: () => void }) {
  const t = useTranslations()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const newPassword = newPasswordOf(form)
    await call(answer, '/account/reset', { method: 'POST', body: { secret, newPassword } })
    sessionStorage.removeItem(resetName)
    onDone()
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <p className="text-muted">
        {t.rich('entry.forAccount', {
          email: oneLine(email, 254),
          strong: (text) => <strong className="font-medium text-ink">{text}</strong>,
        })}
      </p>
      <NewPasswordFields email={email} error={fieldError('newPassword')} autoFocus />
      <Button type="submit" look="primary" size="large" busy={busy}>
        {t('entry.setPassword')}
      </Button>
    </form>
  )
}
