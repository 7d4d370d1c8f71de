'use client'

import Link from 'next/link'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Field } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Skeleton } from '../../components/ui/states'
import { ApiError, auth, order } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { useInvitation } from '../../lib/invitation'
import { invitationName } from '../../lib/link-secret'
import { type invitationPreview, me } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { useFormat } from '../../lib/use-format'
import { text, useSubmit } from '../../lib/use-submit'

type Preview = z.infer<typeof invitationPreview>

/** The end of an invitation's link: to which tenant, by whom, for which address, and the way in. */
export function Join() {
  const t = useTranslations()
  const explain = useExplain()
  const { secret, preview, error, isLoading } = useInvitation()
  const session = useResource('/me', me)
  const signedOut = session.error instanceof ApiError && session.error.status === 401
  if (isLoading || session.isLoading) return <Skeleton className="h-40" />
  if (!secret || !preview) {
    return (
      <div className="grid gap-4">
        <h1 className="font-semibold text-lg">{t('entry.join')}</h1>
        {secret && <Notice tone="bad">{explain(error)}</Notice>}
        <CodeForm />
        <Button asChild size="large">
          <Link href="/sandboxes">{t('entry.goToSandboxes')}</Link>
        </Button>
      </div>
    )
  }
  const email = session.data?.user?.email
  return (
    <div className="grid gap-4">
      <h1 className="font-semibold text-lg">{t('entry.joinName', { name: oneLine(preview.tenant) })}</h1>
      <Facts preview={preview} />
      {signedOut ? (
        <SignInFirst email={preview.email} />
      ) : email !== undefined && (preview.email ?? email.toLowerCase()) === email.toLowerCase() ? (
        <Accept secret={secret} preview={preview} />
      ) : (
        <OtherAccount email={email} invited={preview.email ?? t('entry.aPerson')} />
      )}
    </div>
  )
}

/** For whoever was told a code, or has half of a link. */
function CodeForm() {
  const t = useTranslations()
  const { submit } = useSubmit(async (form) => {
    sessionStorage.setItem(invitationName, text(form, 'code'))
    window.location.reload()
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-3">
      <Field
        label={t('entry.code')}
        hint={t('entry.codeText')}
        name="code"
        required
        minLength={12}
        maxLength={128}
        autoComplete="off"
        autoCapitalize="characters"
        spellCheck={false}
      />
      <Button type="submit" look="primary" size="large">
        {t('entry.next')}
      </Button>
    </form>
  )
}

function Facts({ preview }: { preview: Preview }) {
  const t = useTranslations()
  const { dateTime } = useFormat()
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 [&_dt]:whitespace-nowrap [&_dt]:text-muted [&_dd]:min-w-0 [&_dd]:break-words">
      <dt>{t('entry.tenant')}</dt>
      <dd>{oneLine(preview.tenant)}</dd>
      <dt>{t('entry.invitedBy')}</dt>
      <dd>{preview.invitedBy === null ? t('entry.invitedByMember') : oneLine(preview.invitedBy, 320)}</dd>
      {preview.email !== null && (
        <>
          <dt>{t('entry.email')}</dt>
          <dd>{oneLine(preview.email, 254)}</dd>
        </>
      )}
      <dt>{t('entry.role')}</dt>
      <dd>{t(`members.roles.${preview.role}`)}</dd>
      <dt>{t('entry.validUntil')}</dt>
      <dd>{dateTime(preview.expiresAt)}</dd>
    </dl>
  )
}

function SignInFirst({ email }: { email: string | null }) {
  const t = useTranslations()
  return (
    <>
      <p className="text-muted">{t(email === null ? 'entry.signInToJoin' : 'entry.signInFirst')}</p>
      <Button asChild look="primary" size="large">
        <Link href="/sign-up?next=/join">{t('entry.createAnAccount')}</Link>
      </Button>
      <Button asChild size="large">
        <Link href="/sign-in?next=/join">{t('entry.signIn')}</Link>
      </Button>
    </>
  )
}

/** Signed in with another address than the invited one: joining would be refused. */
function OtherAccount({ email, invited }: { email: string | undefined; invited: string }) {
  const t = useTranslations()
  const { submit, busy, error } = useSubmit(async () => {
    await auth('/sign-out', {})
    window.location.assign('/sign-in?next=/join')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Notice tone="warn">
        {t('entry.otherAccount', {
          current: email === undefined ? t('entry.anotherAccount') : oneLine(email, 254),
          invited: oneLine(invited, 254),
        })}
      </Notice>
      <Button type="submit" look="primary" size="large" busy={busy}>
        {t('entry.switchAccount')}
      </Button>
    </form>
  )
}

function Accept({ secret, preview }: { secret: string; preview: Preview }) {
  const t = useTranslations()
  const { submit, busy, error } = useSubmit(async () => {
    await order('/invitations/accept', { method: 'POST', body: { secret } })
    sessionStorage.removeItem(invitationName)
    window.location.assign('/sandboxes')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p className="text-muted">{t(preview.role === 'student' ? 'entry.studentText' : 'entry.accessText')}</p>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Button type="submit" look="primary" size="large" busy={busy}>
        {t('entry.joinName', { name: oneLine(preview.tenant, 40) })}
      </Button>
    </form>
  )
}
