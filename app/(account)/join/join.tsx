'use client'

import Link from 'next/link'
import { useEffect, useState } from 'react'
import { Button } from '../../components/ui/button'
import { Notice } from '../../components/ui/notice'
import { Skeleton } from '../../components/ui/states'
import { ApiError, order } from '../../lib/api'
import { me } from '../../lib/protocol'
import { useResource } from '../../lib/resource'
import { useSubmit } from '../../lib/use-submit'

/** Who is not signed in comes back here after that; the secret waits in the tab's own storage. */
const waiting = 'cloche-invitation'

/** The end of an invitation's link. Its secret stands behind `#`, so that no server's log ever sees it. */
export function Join() {
  const [secret, setSecret] = useState<string>()
  useEffect(() => {
    const fromLink = window.location.hash.slice(1)
    if (fromLink) sessionStorage.setItem(waiting, fromLink)
    setSecret(fromLink || (sessionStorage.getItem(waiting) ?? ''))
  }, [])
  const session = useResource('/me', me)
  const signedOut = session.error instanceof ApiError && session.error.status === 401
  if (secret === undefined || session.isLoading) return <Skeleton className="h-40" />
  if (!secret) {
    return (
      <Notice tone="bad">
        This link is not whole. Ask for the invitation’s link again, and copy all of it.
      </Notice>
    )
  }
  return (
    <div className="grid gap-4">
      <h1 className="font-semibold text-lg">You are invited</h1>
      {signedOut ? <SignInFirst /> : <Accept secret={secret} email={session.data?.user?.email} />}
    </div>
  )
}

function SignInFirst() {
  return (
    <>
      <p className="text-muted">Sign in with the address that was invited, or create an account for it.</p>
      <Button asChild look="primary" size="large">
        <Link href="/sign-up?next=/join">Create an account</Link>
      </Button>
      <Button asChild size="large">
        <Link href="/sign-in?next=/join">Sign in</Link>
      </Button>
    </>
  )
}

function Accept({ secret, email }: { secret: string; email: string | undefined }) {
  const { submit, busy, error } = useSubmit(async () => {
    await order('/invitations/accept', { method: 'POST', body: { secret } })
    sessionStorage.removeItem(waiting)
    window.location.assign('/sandboxes')
    return 'leaving'
  })
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p className="text-muted">
        {email ? (
          <>
            You are signed in as <strong className="font-medium text-ink">{email}</strong>. Joining gives you
            the tenant’s sandboxes.
          </>
        ) : (
          'Joining gives you the tenant’s sandboxes.'
        )}
      </p>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <Button type="submit" look="primary" size="large" busy={busy}>
        Join
      </Button>
    </form>
  )
}
