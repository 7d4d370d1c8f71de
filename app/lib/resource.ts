'use client'

import useSWR, { type SWRResponse } from 'swr'
import type { z } from 'zod'
import { call } from './api'

export interface Watch {
  /** Asks again this often while the page is seen; 0 never. */
  readonly everyMs?: number
  /** An answer that equals the one before is news too: rates fall to zero by it. */
  readonly always?: boolean
}

/**
 * Something of the API that a page shows, kept fresh: asked again when the window is looked at or the line is back.
 * A `path` of null asks nothing.
 */
export function useResource<T>(
  path: string | null,
  schema: z.ZodType<T>,
  { everyMs = 0, always = false }: Watch = {},
): SWRResponse<T, Error> {
  return useSWR<T, Error>(path, (key: string) => call(schema, key), {
    refreshInterval: everyMs,
    dedupingInterval: 500,
    keepPreviousData: true,
    ...(always ? { compare: (a: T | undefined, b: T | undefined) => a === b } : {}),
  })
}
