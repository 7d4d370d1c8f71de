export type WorkspaceShortcut =
  | 'run'
  | 'files'
  | 'git'
  | 'commands'
  | 'quickOpen'
  | 'search'
  | 'symbols'
  | 'problems'
  | 'focusFiles'
  | 'focusEditor'
  | 'focusTerminal'

/** Keys that choose among the panes of a workspace, wherever the focus is. Their names are `workspace.shortcuts`. */
export const workspaceShortcuts: readonly {
  readonly keys: string
  readonly shortcut: WorkspaceShortcut
}[] = [
  { keys: 'Ctrl+Shift+B', shortcut: 'files' },
  { keys: 'Ctrl+Shift+G', shortcut: 'git' },
  { keys: 'Ctrl+Shift+P', shortcut: 'commands' },
  { keys: 'Ctrl+P', shortcut: 'quickOpen' },
  { keys: 'Ctrl+F5', shortcut: 'run' },
  { keys: 'Ctrl+Shift+F', shortcut: 'search' },
  { keys: 'Ctrl+Shift+O', shortcut: 'symbols' },
  { keys: 'Ctrl+Shift+M', shortcut: 'problems' },
  { keys: 'Ctrl+Shift+1', shortcut: 'focusFiles' },
  { keys: 'Ctrl+Shift+2', shortcut: 'focusEditor' },
  { keys: 'Ctrl+Shift+3', shortcut: 'focusTerminal' },
]

/** By the place of the key, as those of the terminal. */
const byCode: Readonly<Record<string, WorkspaceShortcut>> = {
  KeyB: 'files',
  KeyG: 'git',
  KeyP: 'commands',
  KeyF: 'search',
  KeyO: 'symbols',
  KeyM: 'problems',
  Digit1: 'focusFiles',
  Digit2: 'focusEditor',
  Digit3: 'focusTerminal',
}

export function workspaceShortcutOf(event: KeyboardEvent): WorkspaceShortcut | null {
  // On a Mac it is the Command key that a browser's own keys have.
  const alone = !event.shiftKey && !event.altKey && event.ctrlKey !== event.metaKey
  if (alone && event.code === 'KeyP') return 'quickOpen'
  // F5 alone too, where it is not a terminal's.
  if (event.code === 'F5' && !event.shiftKey && !event.altKey && !event.metaKey) return 'run'
  if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return null
  return byCode[event.code] ?? null
}
