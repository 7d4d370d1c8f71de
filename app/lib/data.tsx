'use client'

import { type ReactNode, useEffect } from 'react'
import { SWRConfig, type SWRConfiguration } from 'swr'
import { retryDelayMs } from '../terminal/backoff'
import { ApiError, NotUnderstood } from './api'
import { onReconnect, watchOnline } from './connection'

/**
 * An error of the server may pass, so it is asked again by itself, at most every 15 s. A refusal does not change by asking
 * again, and without a connection `connection.ts` asks for all.
 */
export function isTemporary(error: unknown): boolean {
  return error instanceof NotUnderstood || (error instanceof ApiError && error.status >= 500)
}

const settings: SWRConfiguration = {
  shouldRetryOnError: isTemporary,
  onErrorRetry: (_error, _key, _config, revalidate, { retryCount }) => {
    setTimeout(() => void revalidate({ retryCount }), retryDelayMs(retryCount))
  },
  // What the browser says is not what counts: a server of this machine answers without a network.
  isOnline: () => true,
}

/** How pages read from the API: all of them read again when the connection is back. */
export function DataProvider({ children }: { children: ReactNode }) {
  useEffect(watchOnline, [])
  return (
    <SWRConfig value={{ ...settings, provider: () => new Map(), initReconnect: onReconnect }}>
      {children}
    </SWRConfig>
  )
}
