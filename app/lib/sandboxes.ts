'use client'

import { useCallback, useMemo } from 'react'
import { useSWRConfig } from 'swr'
import useSWRInfinite, { unstable_serialize } from 'swr/infinite'
import type { z } from 'zod'
import { call } from './api'
import { sandboxList } from './protocol'

type Page = z.infer<typeof sandboxList>
export type Listed = Page['items'][number]

export interface Sandboxes {
  /** Undefined until they have been read once. */
  readonly sandboxes: readonly Listed[] | undefined
  readonly error: Error | undefined
  readonly retry: () => void
  readonly loadMore: (() => void) | undefined
}

const pageSize = 100
/** How often the meters are read. */
const everyMs = 2000

function pagePath(index: number, before: Page | null): string | null {
  if (index === 0) return `/sandboxes?limit=${pageSize}`
  return before?.nextCursor
    ? `/sandboxes?limit=${pageSize}&cursor=${encodeURIComponent(before.nextCursor)}`
    : null
}

/** All sandboxes of the tenant, a page at a time, read again while they are looked at. */
export function useSandboxes(): Sandboxes {
  const pages = useSWRInfinite<Page, Error>(pagePath, (path: string) => call(sandboxList, path), {
    refreshInterval: everyMs,
    revalidateAll: true,
    dedupingInterval: 500,
    // A reading that equals the one before is news too: the rates fall to zero.
    compare: (a, b) => a === b,
  })
  const sandboxes = useMemo(
    () => pages.data?.flatMap((page) => page.items).filter(({ state }) => state !== 'deleted'),
    [pages.data],
  )
  return {
    sandboxes,
    error: pages.error,
    retry: () => void pages.mutate(),
    loadMore: pages.data?.at(-1)?.nextCursor ? () => void pages.setSize(pages.size + 1) : undefined,
  }
}

/** Makes everything that a page shows of sandboxes and of the quota look again. */
export function useRefreshSandboxes(): () => Promise<void> {
  const { mutate } = useSWRConfig()
  return useCallback(async () => {
    await Promise.all([
      mutate(unstable_serialize(pagePath)),
      mutate((key) => typeof key === 'string' && (key.startsWith('/sandboxes/') || key === '/quota')),
    ])
  }, [mutate])
}
