'use client'

import { createContext, useMemo } from 'react'
import type { Repository } from '../../git/repository'
import type { Seen } from '../../git/source-control'

/** What files are compared with: the last commit of their repository. */
export interface Committed {
  readonly repository: Repository
  /** They are read again when this changes. */
  readonly commit: string | null
}

export const CommittedContext = createContext<Committed | null>(null)

export function useCommitted({ repository, status }: Seen): Committed | null {
  const commit = status?.commit ?? null
  return useMemo(() => repository && { repository, commit }, [repository, commit])
}
