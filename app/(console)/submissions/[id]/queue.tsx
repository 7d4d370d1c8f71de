'use client'

import { ChevronLeft, ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { Button } from '../../../components/ui/button'
import { Keys } from '../../../components/ui/keys'
import { oneLine } from '../../../lib/format'
import type { Grade } from '../../../lib/protocol-submissions'

interface Place {
  readonly href: string
  readonly name: string
}

/** Where a hand-in stands among those of a class. */
export interface Queue {
  readonly before: Place | null
  readonly after: Place | null
  /** From 1. */
  readonly at: number
  readonly count: number
}

/** Who has handed in, by name, around one student. @returns null where the student is not among them */
export function useQueue(grades: readonly Grade[] | undefined, userId: string): Queue | null {
  const all = grades?.filter(({ submission }) => submission !== null) ?? []
  const at = all.findIndex(({ student }) => student.userId === userId)
  const place = (one: Grade | undefined): Place | null =>
    one === undefined ? null : { href: `/submissions/${one.submission}`, name: oneLine(one.student.name) }
  return at < 0
    ? null
    : { before: place(all[at - 1]), after: place(all[at + 1]), at: at + 1, count: all.length }
}

/** The student before and the one after, by button and by key. */
export function QueueLinks({ queue: { before, after, at, count } }: { queue: Queue }) {
  const t = useTranslations()
  const router = useRouter()
  const [back, on] = [before?.href, after?.href]
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyped(event.target)) return
      const href = event.key === 'k' ? back : event.key === 'j' ? on : undefined
      if (href === undefined) return
      event.preventDefault()
      router.push(href)
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [back, on, router])
  return (
    <nav aria-label={t('handIns.queue')} className="flex items-center gap-2">
      <Step place={before} shortcut="k" label={t('handIns.previous')} />
      <span className="tabular whitespace-nowrap text-muted">{t('handIns.place', { at, count })}</span>
      <Step place={after} shortcut="j" label={t('handIns.next')} />
    </nav>
  )
}

function Step({ place, shortcut, label }: { place: Place | null; shortcut: 'j' | 'k'; label: string }) {
  const Icon = shortcut === 'k' ? ChevronLeft : ChevronRight
  const inside = (
    <>
      {shortcut === 'k' && <Icon aria-hidden />}
      {label}
      <span aria-hidden className="hidden sm:inline">
        <Keys keys={shortcut} />
      </span>
      {shortcut === 'j' && <Icon aria-hidden />}
    </>
  )
  if (place === null) return <Button disabled>{inside}</Button>
  return (
    <Button asChild>
      <Link href={place.href} aria-label={`${label}: ${place.name}`} aria-keyshortcuts={shortcut}>
        {inside}
      </Link>
    </Button>
  )
}

function isTyped(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    target.closest('input, select, textarea, [role=menu], [role=dialog], [role=alertdialog]') !== null
  )
}
