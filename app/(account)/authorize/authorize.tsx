'use client'

import Link from 'next/link'
import { useEffect, useState } from 'react'
import useSWR from 'swr'
import { useTranslations } from 'use-intl'
import type { z } from 'zod'
import { LimitFields, limitsFrom, useNetworkLimit } from '../../components/keys/limit-fields'
import { Button } from '../../components/ui/button'
import { SelectField } from '../../components/ui/field'
import { Notice } from '../../components/ui/notice'
import { Skeleton } from '../../components/ui/states'
import { ApiError, call } from '../../lib/api'
import { oneLine } from '../../lib/format'
import { signInPath } from '../../lib/next'
import { me } from '../../lib/protocol'
import { grantCreated, grantPreview } from '../../lib/protocol-keys'
import { useResource } from '../../lib/resource'
import { useExplain } from '../../lib/use-explain'
import { text, useSubmit } from '../../lib/use-submit'

/** Names of an authorization request, and what the API calls them. */
const names = {
  client_id: 'clientId',
  redirect_uri: 'redirectUri',
  response_type: 'responseType',
  code_challenge: 'codeChallenge',
  code_challenge_method: 'codeChallengeMethod',
  resource: 'resource',
  state: 'state',
} as const

type Request = Partial<Record<(typeof names)[keyof typeof names], string>>

function requestOf(search: string): Request {
  const query = new URLSearchParams(search)
  return Object.fromEntries(
    Object.entries(names).flatMap(([name, field]) => {
      const value = query.get(name)
      return value === null ? [] : [[field, value]]
    }),
  )
}

/** Where a program sends a person who is to let it in. What is wrong is said here, and never sent on to an address that is not its own. */
export function Authorize() {
  const t = useTranslations()
  const explain = useExplain()
  const [search, setSearch] = useState<string>()
  useEffect(() => setSearch(window.location.search), [])
  const session = useResource('/me', me)
  // Somebody has typed the address: no program sends a person here without saying who it is.
  const asksNothing = requestOf(search ?? '').clientId === undefined
  const signedOut = session.error instanceof ApiError && session.error.status === 401
  const { data, error } = useSWR(
    !asksNothing && session.data ? ['/grants/preview', search] : null,
    ([path]) => call(grantPreview, path, { method: 'POST', body: requestOf(search ?? '') }),
    { revalidateOnFocus: false, shouldRetryOnError: false },
  )
  if (search === undefined || session.isLoading) return <Skeleton className="h-40" />
  return (
    <div className="grid gap-4">
      <h1 className="font-semibold text-lg">{t('pages.authorize')}</h1>
      {asksNothing ? (
        <p className="text-muted">{t('authorize.nothingAsked')}</p>
      ) : signedOut ? (
        <>
          <p className="text-muted">{t('authorize.signInFirst')}</p>
          <Button asChild look="primary" size="large">
            <Link href={signInPath(`/authorize${search}`)}>{t('entry.signIn')}</Link>
          </Button>
        </>
      ) : (error ?? session.error) ? (
        <Notice tone="bad">{explain(error ?? session.error)}</Notice>
      ) : data === undefined ? (
        <Skeleton className="h-40" />
      ) : (
        <Consent request={requestOf(search)} asked={data} />
      )}
    </div>
  )
}

function Consent({ request, asked }: { request: Request; asked: z.infer<typeof grantPreview> }) {
  const t = useTranslations()
  const [network, setNetwork] = useNetworkLimit()
  const { submit, busy, error, fieldError } = useSubmit(async (form) => {
    const limits = limitsFrom(form, network)
    const body = {
      ...{ ...request, expiresInDays: Number(text(form, 'days')) },
      ...(limits === undefined ? {} : { limits }),
    }
    const { redirectTo } = await call(grantCreated, '/grants', { method: 'POST', body })
    window.location.assign(redirectTo)
    return 'leaving'
  })
  const strong = (chunks: React.ReactNode) => <strong>{chunks}</strong>
  return (
    <form onSubmit={submit} className="grid gap-4">
      <p>
        {t.rich('authorize.question', {
          ...{ strong, client: oneLine(asked.client, 64), tenant: oneLine(asked.tenant) },
        })}
      </p>
      <Notice tone="warn">
        {t.rich('authorize.unchecked', { strong, host: oneLine(asked.redirectHost, 253) })}
      </Notice>
      {error && <Notice tone="bad">{error.message}</Notice>}
      <SelectField
        label={t('keys.expiresAfter')}
        name="days"
        defaultValue="30"
        error={fieldError('expiresInDays')}
      >
        <option value="7">{t('keys.lifetimes.days7')}</option>
        <option value="30">{t('keys.lifetimes.days30')}</option>
        <option value="90">{t('keys.lifetimes.days90')}</option>
        <option value="365">{t('keys.lifetimes.year')}</option>
      </SelectField>
      <LimitFields network={network} onNetwork={setNetwork} fieldError={fieldError} open />
      <p className="text-muted text-xs">{t('authorize.revoke')}</p>
      <Button type="submit" look="primary" size="large" busy={busy}>
        {t('authorize.allow')}
      </Button>
      <Button asChild size="large">
        <Link href="/sandboxes">{t('authorize.refuse')}</Link>
      </Button>
    </form>
  )
}
