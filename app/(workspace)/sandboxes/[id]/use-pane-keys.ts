'use client'

import { useEffect } from 'react'
import type { PaletteMode } from '../../../components/palette/palette'
import { focusEditor } from '../../../workspace/focus-editor'
import { type WorkspaceShortcut, workspaceShortcutOf } from '../../../workspace/keys'
import type { LayoutStore, Side } from '../../../workspace/shown-panes'

/** Keys belong to what is open over the workspace. */
const over = '[role=dialog], [role=alertdialog], [role=menu]'

/** In a terminal the same keys are the terminal's: they search its text, or bring the command before. */
const ownKeys = '[data-own-keys]'

const editorOnly: ReadonlySet<WorkspaceShortcut> = new Set(['search', 'quickOpen', 'symbols', 'problems'])

/** What the keys do beside showing and focusing panes. */
export interface PaneActions {
  /** Hides what is beside the terminals. */
  readonly closeSide: () => void
  readonly focusTerminal: () => void
  readonly search: () => void
  readonly run: () => void
  readonly choose: (mode: PaletteMode) => void
  /** Shows or hides what is wrong in the files. */
  readonly problems: () => void
}

/** The keys that choose among the panes, taken before a terminal or an editor sees them. */
export function usePaneKeys(layout: LayoutStore, actions: PaneActions): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const shortcut = workspaceShortcutOf(event)
      if (!shortcut || (event.target instanceof Element && event.target.closest(over))) return
      const own = event.target instanceof Element && event.target.closest(ownKeys)
      if (editorOnly.has(shortcut) && !own) return
      // Programs in a terminal have a use for F5.
      if (shortcut === 'run' && !event.ctrlKey && inTerminal(event.target)) return
      event.preventDefault()
      event.stopPropagation()
      take(shortcut, layout, actions)
    }
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  }, [layout, actions])
}

const inTerminal = (target: EventTarget | null) =>
  target instanceof Element && target.closest('.xterm') !== null

export function take(
  shortcut: WorkspaceShortcut,
  layout: LayoutStore,
  { closeSide, focusTerminal, search, choose, run, problems }: PaneActions,
): void {
  const toggle = (side: Side) => {
    if (layout.get().side === side) return closeSide()
    layout.showSide(side)
    if (side === 'files') focusFiles()
  }
  const acts: Record<WorkspaceShortcut, () => void> = {
    files: () => toggle('files'),
    git: () => toggle('git'),
    commands: () => choose('commands'),
    quickOpen: () => choose('files'),
    symbols: () => choose('symbols'),
    problems,
    search,
    run,
    focusFiles: () => {
      layout.showSide('files')
      focusFiles()
    },
    focusEditor,
    focusTerminal,
  }
  acts[shortcut]()
}

/** When they are there: their piece of the page may still be loaded. */
function focusFiles(framesLeft = 300): void {
  requestAnimationFrame(() => {
    const tree = document.querySelector<HTMLElement>('[role=tree]')
    if (tree) tree.focus({ preventScroll: true })
    else if (framesLeft > 0) focusFiles(framesLeft - 1)
  })
}
