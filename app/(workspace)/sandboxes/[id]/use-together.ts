'use client'

import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { OpenFiles } from '../../../editor/open-files'
import { type Present, shownFilesMax, shownPathMax } from '../../../lib/protocol'
import { useStore } from '../../../terminal/use-store'
import { Together } from '../../../together/together'

const nobody: readonly Present[] = []

/** Enters a workspace, and says who else is there. The socket is loaded with the terminals, not with the page. */
export function useTogether(sandboxId: string): {
  readonly together: Together | null
  readonly others: readonly Present[]
} {
  const [together, setTogether] = useState<Together | null>(null)
  useEffect(() => {
    let made: Together | undefined
    let stale = false
    void import('../../../terminal/line').then(({ terminalLine }) => {
      if (stale) return
      made = new Together(terminalLine(), sandboxId)
      setTogether(made)
    })
    return () => {
      stale = true
      made?.dispose()
      setTogether(null)
    }
  }, [sandboxId])
  const people = useSyncExternalStore(
    (hear) => together?.people.subscribe(hear) ?? (() => {}),
    () => together?.people.get() ?? nobody,
    () => nobody,
  )
  const others = useMemo(() => {
    // Until this window knows its own name among them, it shows nobody.
    const own = together?.own ?? null
    return own === null ? nobody : people.filter(({ id }) => id !== own)
  }, [people, together])
  return { together, others }
}

/** Tells the others which files are shown here. */
export function useShown(together: Together | null, open: OpenFiles): void {
  const { groups, focused } = useStore(open.state)
  useEffect(() => {
    const shown = [groups[focused], ...groups].flatMap((group) => group?.active?.path ?? [])
    const told = [...new Set(shown)].filter(({ length }) => length <= shownPathMax)
    together?.show(told.slice(0, shownFilesMax))
  }, [together, groups, focused])
}
