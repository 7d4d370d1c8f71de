export type Shortcut =
  | 'new'
  | 'close'
  | 'next'
  | 'previous'
  | 'moveLeft'
  | 'moveRight'
  | 'rename'
  | 'search'
  | 'copy'
  | 'bigger'
  | 'smaller'
  | 'leave'

/**
 * Keys that shells and full-screen programs leave alone, and that browsers let a page have. Pasting is the browser's
 * own: it asks nobody then.
 */
export const shortcuts: readonly {
  readonly keys: string
  /** Its name is `terminal.shortcuts`. */
  readonly shortcut: Shortcut | 'paste'
}[] = [
  { keys: 'Ctrl+Shift+`', shortcut: 'new' },
  { keys: 'Ctrl+Shift+X', shortcut: 'close' },
  { keys: 'Ctrl+Shift+]', shortcut: 'next' },
  { keys: 'Ctrl+Shift+[', shortcut: 'previous' },
  { keys: 'Ctrl+Shift+→', shortcut: 'moveRight' },
  { keys: 'Ctrl+Shift+←', shortcut: 'moveLeft' },
  { keys: 'Ctrl+Shift+E', shortcut: 'rename' },
  { keys: 'Ctrl+Shift+F', shortcut: 'search' },
  { keys: 'Ctrl+Shift+C', shortcut: 'copy' },
  { keys: 'Ctrl+Shift+V', shortcut: 'paste' },
  { keys: 'Ctrl+Shift+.', shortcut: 'bigger' },
  { keys: 'Ctrl+Shift+,', shortcut: 'smaller' },
  { keys: 'Ctrl+Shift+↑', shortcut: 'leave' },
]

/** By the place of the key, so that a layout where the sign is elsewhere works as well. */
const byCode: Readonly<Record<string, Shortcut>> = {
  Backquote: 'new',
  KeyX: 'close',
  BracketRight: 'next',
  BracketLeft: 'previous',
  ArrowRight: 'moveRight',
  ArrowLeft: 'moveLeft',
  KeyE: 'rename',
  KeyF: 'search',
  KeyC: 'copy',
  Period: 'bigger',
  Comma: 'smaller',
  ArrowUp: 'leave',
}

export function shortcutOf(event: KeyboardEvent): Shortcut | null {
  if (!event.ctrlKey || !event.shiftKey || event.altKey || event.metaKey) return null
  return byCode[event.code] ?? null
}

/** Keys of the phone's toolbar that stay down for the next one. */
export interface Held {
  readonly ctrl: boolean
  readonly alt: boolean
}

/** What a key means while Ctrl or Alt is held on the toolbar. */
export function withHeld(text: string, { ctrl, alt }: Held): string {
  const typed = ctrl && text.length === 1 ? control(text) : text
  return alt ? `\x1b${typed}` : typed
}

/** Ctrl and a character as terminals send it: its code without the upper three bits. */
function control(char: string): string {
  if (char === ' ') return '\0'
  if (char === '?') return '\x7f'
  const code = char.toUpperCase().charCodeAt(0)
  return code >= 64 && code <= 95 ? String.fromCharCode(code & 31) : char
}
