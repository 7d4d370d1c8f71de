'use client'

import { type RefObject, useEffect } from 'react'
import { useTranslations } from 'use-intl'
import { copyText } from '../../lib/clipboard'
import { useCommands } from '../../palette/commands'
import { type Shortcut, shortcutOf, shortcuts } from '../../terminal/keys'
import { preferences } from '../../terminal/preferences'
import type { TerminalTabs } from '../../terminal/terminal-tabs'

interface Dialogs {
  readonly search: () => void
  readonly rename: (key: number) => void
}

/** Keys belong to what is open over the workspace. */
const over = '[role=dialog], [role=alertdialog], [role=menu]'

/** Files and the editor have a use of their own for most of them: Ctrl+Shift+← selects a word. */
const elsewhere = '[data-own-keys]'

/** The workspace's keys, taken before the terminal sees them, wherever on the page the focus is. */
export function useShortcuts(
  root: RefObject<HTMLElement | null>,
  workspace: TerminalTabs,
  { search, rename }: Dialogs,
): void {
  useEffect(() => {
    const element = root.current
    if (!element) return
    const onKey = (event: KeyboardEvent) => {
      const shortcut = shortcutOf(event)
      if (!shortcut) return
      if (event.target instanceof Element) {
        if (event.target.closest(over)) return
        if (shortcut !== 'new' && event.target.closest(elsewhere)) return
      }
      event.preventDefault()
      event.stopPropagation()
      take(shortcut, workspace, element, { search, rename })
    }
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  }, [root, workspace, search, rename])
  const t = useTranslations()
  useCommands(
    shortcuts.flatMap(({ keys, shortcut }) => {
      if (shortcut === 'paste') return []
      const run = () => root.current && take(shortcut, workspace, root.current, { search, rename })
      return { name: t('palette.terminal', { name: t(`terminal.shortcuts.${shortcut}`) }), keys, run }
    }),
  )
}

function take(
  shortcut: Shortcut,
  workspace: TerminalTabs,
  root: HTMLElement,
  { search, rename }: Dialogs,
): void {
  const { tabs, active } = workspace.state.get()
  const shown = tabs.find(({ key }) => key === active)
  const press = (selector: string, act: 'click' | 'focus') =>
    root.querySelector<HTMLElement>(selector)?.[act]()
  const acts: Record<Shortcut, () => void> = {
    new: () => workspace.open(),
    next: () => workspace.step(1),
    previous: () => workspace.step(-1),
    moveLeft: () => shown && workspace.move(shown.key, -1),
    moveRight: () => shown && workspace.move(shown.key, 1),
    rename: () => shown && rename(shown.key),
    copy: () => {
      const selected = shown?.session.screen.xterm.getSelection()
      // With nothing selected the clipboard keeps what it has.
      if (selected) void copyText(selected)
    },
    bigger: () => preferences().resizeText(1),
    smaller: () => preferences().resizeText(-1),
    search,
    leave: () => press('[role=tab][aria-selected=true]', 'focus'),
    close: () => press('[data-close-active]', 'click'),
  }
  acts[shortcut]()
}
