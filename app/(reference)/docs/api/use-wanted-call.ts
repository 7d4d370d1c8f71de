'use client'

import { useCallback, useEffect, useState } from 'react'

export interface WantedCall {
  readonly wanted: { readonly id: string } | null
  readonly go: (id: string) => void
  /** Nobody wants to be led anywhere any more. */
  readonly leave: () => void
}

/** The call that the address names, `#createSandbox`: another object each time that somebody wants to go there. */
export function useWantedCall(): WantedCall {
  const [wanted, setWanted] = useState<{ readonly id: string } | null>(null)
  useEffect(() => {
    const read = () => {
      const id = window.location.hash.slice(1)
      setWanted(id === '' ? null : { id })
    }
    read()
    window.addEventListener('hashchange', read)
    return () => window.removeEventListener('hashchange', read)
  }, [])
  const go = useCallback((id: string) => {
    // Fires no event, so that the same call can be gone to again.
    window.history.pushState(null, '', `#${id}`)
    setWanted({ id })
  }, [])
  const leave = useCallback(() => setWanted(null), [])
  return { wanted, go, leave }
}
