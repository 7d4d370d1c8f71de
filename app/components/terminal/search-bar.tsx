'use client'

import { ArrowDown, ArrowUp, CaseSensitive, Regex, X } from 'lucide-react'
import { useEffect, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { Translate } from '../../messages/texts'
import type { Screen } from '../../terminal/screen'
import { Button } from '../ui/button'

const decorations = {
  matchBackground: '#8a6d1f',
  matchOverviewRuler: '#c79a1f',
  activeMatchBackground: '#d98a00',
  activeMatchColorOverviewRuler: '#ff9d00',
} as const

/** Finds text in a terminal, scrollback included. Enter goes up, as the newest is below. */
export function SearchBar({ screen, onClose }: { screen: Screen; onClose: () => void }) {
  const t = useTranslations()
  const [term, setTerm] = useState('')
  const [caseSensitive, setCaseSensitive] = useState(false)
  const [regex, setRegex] = useState(false)
  const [result, setResult] = useState<{ index: number; count: number } | null>(null)
  const options = { caseSensitive, regex: regex && isRegex(term), decorations }

  useEffect(() => {
    const watching = screen.search.onDidChangeResults(({ resultIndex, resultCount }) =>
      setResult({ index: resultIndex, count: resultCount }),
    )
    return () => {
      watching.dispose()
      screen.search.clearDecorations()
      screen.xterm.focus()
    }
  }, [screen])

  // biome-ignore lint/correctness/useExhaustiveDependencies: `options` is made of these
  useEffect(() => {
    if (term) screen.search.findPrevious(term, { ...options, incremental: true })
    else {
      screen.search.clearDecorations()
      setResult(null)
    }
  }, [screen, term, caseSensitive, regex])

  const find = (up: boolean) => {
    if (!term) return
    if (up) screen.search.findPrevious(term, options)
    else screen.search.findNext(term, options)
  }
  return (
    <search className="absolute top-2 right-4 left-4 z-30 flex items-center gap-0.5 rounded-lg bg-raised p-1 shadow-pop sm:left-auto sm:w-96">
      <input
        // biome-ignore lint/a11y/noAutofocus: it appears because somebody asked to type here
        autoFocus
        aria-label={t('terminal.searchIn')}
        placeholder={t('terminal.search')}
        value={term}
        onChange={(event) => setTerm(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onClose()
          else if (event.key === 'Enter') find(!event.shiftKey)
        }}
        className="h-7 min-w-0 flex-1 rounded bg-transparent px-2 placeholder:text-muted"
      />
      <span role="status" className="tabular shrink-0 px-1 text-muted text-xs">
        {term && result && found(result, t)}
      </span>
      <Toggle
        on={caseSensitive}
        label={t('terminal.matchCase')}
        onToggle={() => setCaseSensitive(!caseSensitive)}
      >
        <CaseSensitive />
      </Toggle>
      <Toggle on={regex} label={t('terminal.regex')} onToggle={() => setRegex(!regex)}>
        <Regex />
      </Toggle>
      <Button
        look="quiet"
        size="iconSmall"
        aria-label={t('terminal.previousMatch')}
        onClick={() => find(true)}
      >
        <ArrowUp />
      </Button>
      <Button look="quiet" size="iconSmall" aria-label={t('terminal.nextMatch')} onClick={() => find(false)}>
        <ArrowDown />
      </Button>
      <Button look="quiet" size="iconSmall" aria-label={t('terminal.closeSearch')} onClick={onClose}>
        <X />
      </Button>
    </search>
  )
}

function found({ index, count }: { index: number; count: number }, t: Translate): string {
  if (count === 0) return t('terminal.noMatches')
  return t('terminal.matchOf', { index: String(index + 1), count: String(count) })
}

function isRegex(text: string): boolean {
  try {
    return Boolean(new RegExp(text))
  } catch {
    return false
  }
}

function Toggle({
  on,
  label,
  onToggle,
  children,
}: {
  on: boolean
  label: string
  onToggle: () => void
  children: React.ReactNode
}) {
  return (
    <Button
      look="quiet"
      size="iconSmall"
      aria-label={label}
      aria-pressed={on}
      onClick={onToggle}
      className={cn(on && 'bg-accent-soft text-accent')}
    >
      {children}
    </Button>
  )
}
