'use client'

import { useEffect } from 'react'
import type { FocusHome } from '../../../components/ui/focus-home'
import { workspaceShortcutOf } from '../../../workspace/keys'
import type { LayoutStore } from '../../../workspace/shown-panes'

/** Keys belong to what is open over the workspace. */
const over = '[role=dialog], [role=alertdialog], [role=menu]'

/** In a terminal the same keys search its text. */
const ownKeys = '[data-own-keys]'

/** The keys that choose among the panes, taken before a terminal or an editor sees them. */
export function usePaneKeys(
  layout: LayoutStore,
  terminal: FocusHome,
  closeFiles: () => void,
  search: () => void,
): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const shortcut = workspaceShortcutOf(event)
      if (!shortcut || (event.target instanceof Element && event.target.closest(over))) return
      if (shortcut === 'search' && !(event.target instanceof Element && event.target.closest(ownKeys))) return
      event.preventDefault()
      event.stopPropagation()
      if (shortcut === 'search') search()
      else if (shortcut === 'focusTerminal') terminal.focus()
      else if (shortcut === 'focusEditor') document.querySelector<HTMLElement>('.cm-content')?.focus()
      else if (shortcut === 'files' && layout.get().files) closeFiles()
      else {
        layout.showFiles(true)
        focusFiles()
      }
    }
    document.addEventListener('keydown', onKey, { capture: true })
    return () => document.removeEventListener('keydown', onKey, { capture: true })
  }, [layout, terminal, closeFiles, search])
}

/** When they are there: their piece of the page may still be loaded. */
function focusFiles(framesLeft = 300): void {
  requestAnimationFrame(() => {
    const tree = document.querySelector<HTMLElement>('[role=tree]')
    if (tree) tree.focus({ preventScroll: true })
    else if (framesLeft > 0) focusFiles(framesLeft - 1)
  })
}
