'use client'

import { X } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import { cn } from '../../lib/cn'
import type { Tab } from '../../terminal/terminal-tabs'
import { useStore } from '../../terminal/use-store'
import { isFocusLost, useFocusHome } from '../ui/focus-home'
import { useTabName } from './tab-menu'

export interface TabItemProps {
  readonly tab: Tab
  readonly number: number
  readonly selected: boolean
  readonly renaming: boolean
  readonly onSelect: () => void
  readonly onKey: (event: KeyboardEvent) => void
  readonly onStartRename: () => void
  /** Null when nothing was changed. */
  readonly onRename: (name: string | null) => void
  readonly onClose: () => void
}

export function TabItem({ tab, number, selected, renaming, ...on }: TabItemProps) {
  const t = useTranslations()
  const ended = useStore(tab.session.status).kind === 'ended'
  const name = useTabName(tab, number)
  const button = useRef<HTMLButtonElement>(null)
  const home = useFocusHome()
  const whole = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const [tab, list] = [whole.current, whole.current?.parentElement]
    if (!selected || !tab || !list) return
    // A tab grows when its program sets a title, and the list shrinks with the window: it stays in sight then, too.
    const observer = new ResizeObserver(() => tab.scrollIntoView({ block: 'nearest', inline: 'nearest' }))
    observer.observe(tab)
    observer.observe(list)
    return () => observer.disconnect()
  }, [selected])
  return (
    <div
      ref={whole}
      className={cn(
        'group relative flex max-w-56 shrink-0 items-center border-b-2',
        selected ? 'border-accent' : 'border-transparent',
      )}
    >
      {renaming ? (
        <RenameInput
          name={tab.name || name}
          onDone={(typed, byTab) => {
            on.onRename(typed)
            // The tab is drawn again by then.
            requestAnimationFrame(() => {
              if (isFocusLost() && (byTab || !home.focus())) button.current?.focus()
            })
          }}
        />
      ) : (
        <button
          ref={button}
          type="button"
          role="tab"
          id={`tab-${tab.key}`}
          aria-selected={selected}
          aria-controls={selected ? `panel-${tab.key}` : undefined}
          tabIndex={selected ? 0 : -1}
          onClick={on.onSelect}
          onDoubleClick={on.onStartRename}
          onKeyDown={on.onKey}
          className={cn(
            'flex h-full min-w-0 items-center gap-1.5 py-1 pr-7 pl-2.5 text-xs outline-offset-[-2px]',
            selected ? 'text-ink' : 'text-muted hover:text-ink',
            ended && 'line-through',
          )}
        >
          {tab.rang && (
            <span
              role="img"
              aria-label={t('terminal.bell')}
              className="size-1.5 shrink-0 rounded-full bg-warn"
            />
          )}
          <span className="truncate">{name}</span>
        </button>
      )}
      {!renaming && (
        <button
          type="button"
          tabIndex={-1}
          // A tab list may hold tabs only. By keyboard Delete does this, by touch the terminal's menu.
          aria-hidden
          title={t('terminal.closeName', { name })}
          onClick={on.onClose}
          className={cn(
            'absolute right-1 grid size-5 place-items-center rounded text-muted hover:bg-hover hover:text-ink',
            !selected && 'opacity-0 group-hover:opacity-100 pointer-coarse:opacity-100',
          )}
        >
          <X aria-hidden className="size-3.5" />
        </button>
      )}
    </div>
  )
}

function RenameInput({
  name,
  onDone,
}: {
  name: string
  /** @param byTab its tab had the focus, as when F2 was pressed there */
  onDone: (name: string | null, byTab: boolean) => void
}) {
  const t = useTranslations()
  const [byTab] = useState(() => document.activeElement?.role === 'tab')
  const done = (typed: string | null) => onDone(typed, byTab)
  return (
    <input
      aria-label={t('terminal.name')}
      defaultValue={name}
      maxLength={64}
      // biome-ignore lint/a11y/noAutofocus: it appears because somebody asked to type here
      autoFocus
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => done(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Enter') done(event.currentTarget.value)
        else if (event.key === 'Escape') done(null)
      }}
      className="mx-1 h-7 w-36 rounded border border-edge bg-surface px-1.5 text-xs"
    />
  )
}
