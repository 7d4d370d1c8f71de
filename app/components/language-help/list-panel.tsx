'use client'

import { X } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useEffect, useRef } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../ui/button'
import { useFocusHome } from '../ui/focus-home'
import { useHelp } from './context'

/** A list below the text, whose lines are buttons with `data-line`: whoever asks for it has the first under the keys. */
export function ListPanel({ title, count, children }: { title: string; count: number; children: ReactNode }) {
  const t = useTranslations()
  const help = useHelp()
  const home = useFocusHome()
  const list = useRef<HTMLDivElement>(null)
  const close = () => {
    help.panel.set(null)
    home.focus()
  }
  // Whoever asks for it reads it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list is asked for anew
  useEffect(() => {
    list.current?.querySelector<HTMLElement>('[data-line]')?.focus()
  }, [title])
  return (
    <section
      aria-label={title}
      className="flex h-full min-h-0 flex-col bg-ground text-xs"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close()
        else step(event, list.current)
      }}
    >
      <div className="flex h-8 shrink-0 items-center gap-2 border-line border-b pr-1 pl-3">
        <h2 className="truncate font-semibold">{title}</h2>
        <span className="tabular text-muted">{count}</span>
        <span className="flex-1" />
        <Button look="quiet" size="iconSmall" aria-label={t('language.closePanel')} onClick={close}>
          <X />
        </Button>
      </div>
      <div ref={list} className="min-h-0 flex-1 overflow-y-auto py-1">
        {children}
      </div>
    </section>
  )
}

/** Up and down, to the first and the last line. */
function step(event: KeyboardEvent, list: HTMLElement | null): void {
  const lines = [...(list?.querySelectorAll<HTMLElement>('[data-line]') ?? [])]
  const here = lines.findIndex((line) => line.contains(document.activeElement))
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: lines.length - 1 }[event.key]
  if (to === undefined) return
  event.preventDefault()
  lines[Math.min(lines.length - 1, Math.max(0, to))]?.focus()
}
