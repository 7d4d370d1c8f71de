export type WorkspaceShortcut =
  | 'files'
  | 'git'
  | 'commands'
  | 'quickOpen'
  | 'search'
  | 'focusFiles'
  | 'focusEditor'
  | 'focusTerminal'

/** Keys that choose among the panes of a workspace, wherever the focus is. */
export const workspaceShortcuts: readonly {
  readonly keys: string
  readonly name: string
  readonly shortcut: WorkspaceShortcut
}[] = [
  { keys: 'Ctrl+Shift+B', name: 'Show or hide files', shortcut: 'files' },
  { keys: 'Ctrl+Shift+G', name: 'Show or hide source control', shortcut: 'git' },
  { keys: 'Ctrl+Shift+P', name: 'Show all commands', shortcut: 'commands' },
  { keys: 'Ctrl+P', name: 'Open a file by its name, from files or editor', shortcut: 'quickOpen' },
  { keys: 'Ctrl+Shift+F', name: 'Search in files, from files or editor', shortcut: 'search' },
  { keys: 'Ctrl+Shift+1', name: 'Move focus to the files', shortcut: 'focusFiles' },
  { keys: 'Ctrl+Shift+2', name: 'Move focus to the editor', shortcut: 'focusEditor' },
  { keys: 'Ctrl+Shift+3', name: 'Move focus to the terminal', shortcut: 'focusTerminal' },
]

/** By the place of the key, as those of the terminal. */
const byCode: Readonly<Record<string, WorkspaceShortcut>> = {
  KeyB: 'files',
  KeyG: 'git',
  KeyP: 'commands',
  KeyF: 'search',
  Digit1: 'focusFiles',
  Digit2: 'focusEditor',
  Digit3: 'focusTerminal',
}

export function workspaceShortcutOf(event: KeyboardEvent): WorkspaceShortcut | null {
  // On a Mac it is the Command key that a browser's own keys have.
  const alone = !event.shiftKey && !event.altKey && event.ctrlKey !== event.metaKey
  if (alone && event.code === 'KeyP') return 'quickOpen'
  if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return null
  return byCode[event.code] ?? null
}
