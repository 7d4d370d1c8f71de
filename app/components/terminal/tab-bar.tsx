'use client'

import { Plus, Search } from 'lucide-react'
import { type KeyboardEvent, useRef, useState } from 'react'
import { useTranslations } from 'use-intl'
import type { Tab, TerminalTabs } from '../../terminal/terminal-tabs'
import { Button } from '../ui/button'
import { Confirm, type Question } from '../ui/confirm'
import { Tip } from '../ui/tip'
import { TabItem } from './tab-item'
import { TabMenu, useOverflow } from './tab-menu'
import { TerminalMenu } from './terminal-menu'

export interface TabBarProps {
  readonly workspace: TerminalTabs
  readonly tabs: readonly Tab[]
  readonly active: number | null
  readonly renaming: number | null
  readonly setRenaming: (key: number | null) => void
  readonly onSearch: () => void
  /** New terminals can be opened. */
  readonly usable: boolean
}

export function TabBar({ workspace, tabs, active, renaming, setRenaming, onSearch, usable }: TabBarProps) {
  const t = useTranslations()
  const [question, setQuestion] = useState<Question | null>(null)
  const list = useRef<HTMLDivElement>(null)
  const overflowing = useOverflow(list, tabs.length)
  const shown = tabs.find(({ key }) => key === active)
  const close = (tab: Tab) => {
    const { kind } = tab.session.status.get()
    if (workspace.looking || kind === 'ended' || kind === 'refused') {
      workspace.close(tab.key)
      return
    }
    setQuestion({
      title: t('terminal.closeTitle'),
      text: t('terminal.closeText'),
      action: t('terminal.close'),
      run: async () => workspace.close(tab.key),
    })
  }
  const onKey = (event: KeyboardEvent, tab: Tab) => {
    const act = tabKeys[event.key]
    if (!act || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    if (act === 'rename') setRenaming(tab.key)
    else if (act === 'close') close(tab)
    else if (act === 'enter') tab.session.screen.xterm.focus()
    else {
      if (event.altKey) workspace.move(tab.key, act)
      else workspace.step(act)
      focusSelected(event.currentTarget)
    }
  }
  return (
    <div className="flex h-10 shrink-0 items-stretch border-line border-b bg-ground pl-2">
      <div
        ref={list}
        role="tablist"
        aria-label={t('terminal.terminals')}
        className="flex min-w-0 items-stretch gap-px overflow-x-auto [scrollbar-width:none]"
      >
        {tabs.map((tab, index) => (
          <TabItem
            key={tab.key}
            tab={tab}
            number={index + 1}
            selected={tab.key === active}
            renaming={renaming === tab.key}
            onSelect={() => {
              workspace.activate(tab.key)
              tab.session.screen.xterm.focus()
            }}
            onKey={(event) => onKey(event, tab)}
            onRename={(name) => {
              if (name !== null) workspace.rename(tab.key, name)
              setRenaming(null)
            }}
            onStartRename={() => setRenaming(tab.key)}
            onClose={() => close(tab)}
          />
        ))}
      </div>
      <div className="flex items-center px-1">
        {overflowing && <TabMenu tabs={tabs} active={active} onSelect={(key) => workspace.activate(key)} />}
        <Tip text={t('terminal.new')} keys="Ctrl+Shift+`">
          <Button
            look="quiet"
            size="iconSmall"
            aria-label={t('terminal.new')}
            disabled={!usable}
            onClick={() => workspace.open()}
          >
            <Plus />
          </Button>
        </Tip>
      </div>
      <div className="flex-1" />
      <div className="flex items-center gap-0.5 pr-2">
        {shown && (
          <>
            <Tip text={t('terminal.search')} keys="Ctrl+Shift+F">
              <Button look="quiet" size="iconSmall" aria-label={t('terminal.searchIn')} onClick={onSearch}>
                <Search />
              </Button>
            </Tip>
            <button type="button" hidden data-close-active onClick={() => close(shown)} />
          </>
        )}
        <TerminalMenu
          session={shown?.session}
          clipboard={workspace.clipboard}
          onRename={() => shown && setRenaming(shown.key)}
          onEnd={workspace.looking ? undefined : () => shown && close(shown)}
          onRoot={usable ? () => workspace.open('root') : undefined}
        />
      </div>
      <Confirm question={question} onClose={() => setQuestion(null)} />
    </div>
  )
}

const tabKeys: Readonly<Record<string, 1 | -1 | 'rename' | 'close' | 'enter'>> = {
  ArrowRight: 1,
  ArrowLeft: -1,
  F2: 'rename',
  Delete: 'close',
  ArrowDown: 'enter',
  Enter: 'enter',
}

/** After the next drawing, when another tab is the selected one. */
function focusSelected(tab: EventTarget & Element): void {
  const list = tab.closest('[role=tablist]')
  requestAnimationFrame(() => list?.querySelector<HTMLElement>('[aria-selected=true]')?.focus())
}
