'use client'

import useSWR from 'swr'
import { call } from './api'
import { invitationName, useLinkSecret } from './link-secret'
import { invitationPreview } from './protocol'

/** The invitation whose link was opened in this tab, if there was one: what it is to, and for whom. */
export function useInvitation() {
  const secret = useLinkSecret(invitationName)
  const preview = useSWR(
    secret ? ['/invitations/preview', secret] : null,
    ([path, link]) => call(invitationPreview, path, { method: 'POST', body: { secret: link } }),
    { revalidateOnFocus: false, shouldRetryOnError: false },
  )
  return {
    secret,
    preview: preview.data,
    error: preview.error,
    isLoading: secret === undefined || preview.isLoading,
  }
}
