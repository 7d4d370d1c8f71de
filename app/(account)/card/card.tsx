'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import { Button } from '../../components/ui/button'
import { Notice } from '../../components/ui/notice'
import { Skeleton } from '../../components/ui/states'
import { auth } from '../../lib/api'
import { cardName, useLinkSecret } from '../../lib/link-secret'
import { useSubmit } from '../../lib/use-submit'

const shape = /^([a-z]{2,12}-[a-z]{2,12}-\d{3})\.([0-9A-Z-]{9})$/

/** The end of the link in the QR code of a card. Nobody is signed in without a click: the link may be of somebody else. */
export function CardSignIn() {
  const t = useTranslations()
  const secret = useLinkSecret(cardName)
  const [, username, password] = shape.exec(secret ?? '') ?? []
  const { submit, busy, error } = useSubmit(async () => {
    await auth('/sign-in/username', { username, password })
    sessionStorage.removeItem(cardName)
    window.location.assign('/classes')
    return 'leaving'
  })
  if (secret === undefined) return <Skeleton className="h-40" />
  if (username === undefined) {
    return (
      <div className="grid gap-4">
        <h1 className="font-semibold text-lg">{t('entry.signIn')}</h1>
        <Notice tone="bad">{t('entry.cardIncomplete')}</Notice>
        <Button asChild size="large">
          <Link href="/sign-in">{t('entry.signIn')}</Link>
        </Button>
      </div>
    )
  }
  return (
    <form onSubmit={submit} className="grid gap-4">
      <h1 className="font-semibold text-lg">{t('entry.signIn')}</h1>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <p className="text-muted">{t('entry.cardOf')}</p>
      <p className="break-all font-mono text-base">{username}</p>
      <Button type="submit" look="primary" size="large" busy={busy} autoFocus>
        {t('entry.signInAs', { name: username })}
      </Button>
    </form>
  )
}
