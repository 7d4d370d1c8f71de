'use client'

import { useEffect, useState } from 'react'

/**
 * The secret of a link, which stands behind `#` so that no server's log sees it. It is kept in the tab's own storage, so
 * that it is still there after signing in, and taken out of the address.
 *
 * @returns undefined until it was looked for; empty when there is none
 */
export function useLinkSecret(name: string): string | undefined {
  const [secret, setSecret] = useState<string>()
  useEffect(() => {
    const fromLink = window.location.hash.slice(1)
    if (fromLink) {
      sessionStorage.setItem(name, fromLink)
      window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search)
    }
    setSecret(fromLink || (sessionStorage.getItem(name) ?? ''))
  }, [name])
  return secret
}

export const invitationName = 'cloche-invitation'
export const cardName = 'cloche-card'
export const shareName = 'cloche-share'
export const resetName = 'cloche-reset'
