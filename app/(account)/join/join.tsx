'use client'

import Link from 'next/link'
import type { z } from 'zod'
import { Button } from '../../components/ui/button'
import { Notice } from '../../components/ui/notice'
import { Skeleton } from '../../components/ui/states'
import { ApiError, auth, order } from '../../lib/api'
import { dateTime, oneLine } from '../../lib/format'
import { useInvitation } from '../../lib/invitation'
import { invitationName } from '../../lib/link-secret'
import { type invitationPreview, me } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { useSubmit } from '../../lib/use-submit'

type Preview = z.infer<typeof invitationPreview>

/** The end of an invitation's link: to which tenant, by whom, for which address, and the way in. */
export function Join() {
  const explain = useExplain()
  const { secret, preview, error, isLoading } = useInvitation()
  const session = useResource('/me', me)
  const signedOut = session.error instanceof ApiError && session.error.status === 401
  if (isLoading || session.isLoading) return <Skeleton className="h-40" />
  if (!secret || !preview) {
    return (
      <div className="grid gap-4">
        <h1 className="font-semibold text-lg">Join a tenant</h1>
        <Notice tone="bad">
          {secret
            ? explain(error)
            : 'This invite link is incomplete. Copy the whole link and open it again, or ask for a new one.'}
        </Notice>
        <Button asChild size="large">
          <Link href="/sandboxes">Go to your sandboxes</Link>
        </Button>
      </div>
    )
  }
  const email = session.data?.user?.email
  return (
    <div className="grid gap-4">
      <h1 className="font-semibold text-lg">Join {oneLine(preview.tenant)}</h1>
      <Facts preview={preview} />
      {signedOut ? (
        <SignInFirst />
      ) : email?.toLowerCase() === preview.email ? (
        <Accept secret={secret} preview={preview} />
      ) : (
        <OtherAccount email={email} preview={preview} />
      )}
    </div>
  )
}

function Facts({ preview }: { preview: Preview }) {
  return (
    <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1.5 [&_dt]:whitespace-nowrap [&_dt]:text-muted [&_dd]:min-w-0 [&_dd]:break-words">
      <dt>Tenant</dt>
      <dd>{oneLine(preview.tenant)}</dd>
      <dt>Invited by</dt>
      <dd>{preview.invitedBy === null ? 'A member of the tenant' : oneLine(preview.invitedBy, 320)}</dd>
      <dt>Email</dt>
      <dd>{oneLine(preview.email, 254)}</dd>
      <dt>Role</dt>
      <dd className="capitalize">{preview.role}</dd>
      <dt>Valid until</dt>
      <dd>{dateTime(preview.expiresAt)}</dd>
    </dl>
  )
}

function SignInFirst() {
  return (
    <>
      <p className="text-muted">
        To join, create an account for the invited address, or sign in if you have one.
      </p>
      <Button asChild look="primary" size="large">
        <Link href="/sign-up?next=/join">Create an account</Link>
      </Button>
      <Button asChild size="large">
        <Link href="/sign-in?next=/join">Sign in</Link>
      </Button>
    </>
  )
}

/** Signed in with another address than the invited one: joining would be refused. */
function OtherAccount({ email, preview }: { email: string | undefined; preview: Preview }) {
  const { submit, busy, error } = useSubmit(async () => {
    await auth('/sign-out', {})
    window.location.assign('/sign-in?next=/join')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Notice tone="warn">
        You are signed in as {oneLine(email ?? 'another account', 254)}. This invitation is for{' '}
        {oneLine(preview.email, 254)}. Switch to that account to join.
      </Notice>
      <Button type="submit" look="primary" size="large" busy={busy}>
        Switch account
      </Button>
    </form>
  )
}

function Accept({ secret, preview }: { secret: string; preview: Preview }) {
  const { submit, busy, error } = useSubmit(async () => {
    await order('/invitations/accept', { method: 'POST', body: { secret } })
    sessionStorage.removeItem(invitationName)
    window.location.assign('/sandboxes')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p className="text-muted">You get access to all sandboxes of the tenant.</p>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Button type="submit" look="primary" size="large" busy={busy}>
        Join {oneLine(preview.tenant, 40)}
      </Button>
    </form>
  )
}
