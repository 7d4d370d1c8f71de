'use client'

import { useEffect, useRef } from 'react'
import { Store } from '../../../terminal/store'
import { useStore } from '../../../terminal/use-store'
import type { Together } from '../../../together/together'

const none = new Store(null)
const modifiers: ReadonlySet<string> = new Set(['Shift', 'Control', 'Alt', 'Meta'])

/** Shows what somebody sees who is followed, until a key or a click here. */
export function useFollow(together: Together | null, show: (path: string, line: number) => void): void {
  const whom = useStore<string | null>(together?.following.whom ?? none)
  const view = useStore(together?.following.view ?? none)
  const shows = useRef(show)
  shows.current = show

  useEffect(() => {
    if (view) shows.current(view.path, view.line)
  }, [view])

  useEffect(() => {
    if (whom === null) return
    const end = (event: Event) => {
      // The buttons that begin and end it do that themselves.
      if (event.target instanceof Element && event.target.closest('[data-follow]')) return
      together?.following.follow(null)
    }
    const onKey = (event: KeyboardEvent) => {
      if (modifiers.has(event.key)) return
      if (event.key !== 'Escape') return end(event)
      event.preventDefault()
      event.stopPropagation()
      together?.following.follow(null)
    }
    window.addEventListener('keydown', onKey, { capture: true })
    window.addEventListener('pointerdown', end, { capture: true })
    return () => {
      window.removeEventListener('keydown', onKey, { capture: true })
      window.removeEventListener('pointerdown', end, { capture: true })
    }
  }, [together, whom])
}
