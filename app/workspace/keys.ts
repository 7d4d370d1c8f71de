export type WorkspaceShortcut = 'files' | 'search' | 'focusFiles' | 'focusEditor' | 'focusTerminal'

/** Keys that choose among the panes of a workspace, wherever the focus is. */
export const workspaceShortcuts: readonly { readonly keys: string; readonly name: string }[] = [
  { keys: 'Ctrl+Shift+B', name: 'Show or hide files' },
  { keys: 'Ctrl+Shift+F', name: 'Search in files, from files or editor' },
  { keys: 'Ctrl+Shift+1', name: 'Move focus to the files' },
  { keys: 'Ctrl+Shift+2', name: 'Move focus to the editor' },
  { keys: 'Ctrl+Shift+3', name: 'Move focus to the terminal' },
]

/** By the place of the key, as those of the terminal. */
const byCode: Readonly<Record<string, WorkspaceShortcut>> = {
  KeyB: 'files',
  KeyF: 'search',
  Digit1: 'focusFiles',
  Digit2: 'focusEditor',
  Digit3: 'focusTerminal',
}

export function workspaceShortcutOf(event: KeyboardEvent): WorkspaceShortcut | null {
  if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return null
  return byCode[event.code] ?? null
}
