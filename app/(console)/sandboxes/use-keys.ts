'use client'

import { useEffect, useRef } from 'react'

/** `c` creates, `/` filters, arrows or j and k walk through the list. Not while something is being typed. */
export function useDashboardKeys(create: () => void) {
  const list = useRef<HTMLUListElement>(null)
  const filter = useRef<HTMLInputElement>(null)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTaken(event.target)) return
      const step =
        event.key === 'ArrowDown' || event.key === 'j'
          ? 1
          : event.key === 'ArrowUp' || event.key === 'k'
            ? -1
            : 0
      if (event.key === 'c') create()
      else if (event.key === '/' && filter.current) filter.current.focus()
      else if (!step || !move(list.current, step)) return
      event.preventDefault()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [create])
  return { list, filter }
}

function isTaken(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, select, textarea, [role=menu], [role=dialog], [role=alertdialog]') !== null
  )
}

function move(list: HTMLElement | null, step: number): boolean {
  const rows = [...(list?.querySelectorAll<HTMLElement>('[data-row]') ?? [])]
  const { activeElement } = document
  const here = activeElement instanceof HTMLElement ? rows.indexOf(activeElement) : -1
  const next = rows[here < 0 ? (step > 0 ? 0 : rows.length - 1) : here + step]
  next?.focus()
  return next !== undefined
}
