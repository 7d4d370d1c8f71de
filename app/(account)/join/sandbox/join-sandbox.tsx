'use client'

import Link from 'next/link'
import useSWR from 'swr'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Notice } from '../../../components/ui/notice'
import { Skeleton } from '../../../components/ui/states'
import { ApiError, call } from '../../../lib/api'
import { oneLine } from '../../../lib/format'
import { shareName, useLinkSecret } from '../../../lib/link-secret'
import { me, shareAccepted, sharePreview } from '../../../lib/protocol'
import { useResource } from '../../../lib/resource'
import { useExplain } from '../../../lib/use-explain'
import { useFormat } from '../../../lib/use-format'
import { useSubmit } from '../../../lib/use-submit'

/** The end of a link to a sandbox: which one, by whom, what can be done there, and the way in. */
export function JoinSandbox() {
  const t = useTranslations()
  const explain = useExplain()
  const { dateTime } = useFormat()
  const secret = useLinkSecret(shareName)
  const { data, error, isLoading } = useSWR(
    secret ? ['/shares/preview', secret] : null,
    ([path, link]) => call(sharePreview, path, { method: 'POST', body: { secret: link } }),
    { revalidateOnFocus: false, shouldRetryOnError: false },
  )
  const session = useResource('/me', me)
  const signedOut = session.error instanceof ApiError && session.error.status === 401
  if (secret === undefined || isLoading || session.isLoading) return <Skeleton className="h-40" />
  if (!secret || !data) {
    return (
      <div className="grid gap-4">
        <h1 className="font-semibold text-lg">{t('pages.joinSandbox')}</h1>
        <Notice tone="bad">{secret ? explain(error) : t('shares.incomplete')}</Notice>
        <Button asChild size="large">
          <Link href="/sandboxes">{t('entry.goToSandboxes')}</Link>
        </Button>
      </div>
    )
  }
  return (
    <div className="grid gap-4">
      <h1 className="font-semibold text-lg">{t('pages.joinSandbox')}</h1>
      <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 [&_dt]:whitespace-nowrap [&_dt]:text-muted [&_dd]:min-w-0 [&_dd]:break-words">
        <dt>{t('shares.sandbox')}</dt>
        <dd>{oneLine(data.sandbox)}</dd>
        <dt>{t('shares.by')}</dt>
        <dd>{oneLine(data.sharedBy, 254)}</dd>
        <dt>{t('shares.youCan')}</dt>
        <dd>{t(`shares.levelTexts.${data.level}`)}</dd>
        <dt>{t('entry.validUntil')}</dt>
        <dd>{dateTime(data.expiresAt)}</dd>
      </dl>
      {signedOut ? <SignInFirst /> : <Accept secret={secret} name={data.sandbox} />}
    </div>
  )
}

function SignInFirst() {
  const t = useTranslations()
  const next = encodeURIComponent('/join/sandbox')
  return (
    <>
      <p className="text-muted">{t('shares.signInFirst')}</p>
      <Button asChild look="primary" size="large">
        <Link href={`/sign-up?next=${next}`}>{t('entry.createAnAccount')}</Link>
      </Button>
      <Button asChild size="large">
        <Link href={`/sign-in?next=${next}`}>{t('entry.signIn')}</Link>
      </Button>
    </>
  )
}

function Accept({ secret, name }: { secret: string; name: string }) {
  const t = useTranslations()
  const { submit, busy, error } = useSubmit(async () => {
    const { sandboxId } = await call(shareAccepted, '/shares/accept', { method: 'POST', body: { secret } })
    sessionStorage.removeItem(shareName)
    window.location.assign(`/sandboxes/${sandboxId}`)
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Button type="submit" look="primary" size="large" busy={busy}>
        {t('shares.open', { name: oneLine(name, 40) })}
      </Button>
    </form>
  )
}
