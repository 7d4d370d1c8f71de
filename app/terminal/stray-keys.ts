import { withoutControls } from './paste'

/** Typed before there is a terminal, at most so much; a person who types on blindly loses the rest. */
const mostKept = 4096

const named: Readonly<Record<string, string>> = {
  Enter: '\r',
  Backspace: '\x7f',
  Escape: '\x1b',
  ArrowUp: '\x1b[A',
  ArrowDown: '\x1b[B',
  ArrowRight: '\x1b[C',
  ArrowLeft: '\x1b[D',
}

type Key = Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'altKey' | 'metaKey' | 'shiftKey'>

/** What a key types; null for one that belongs to the browser, such as Tab and all with Alt or the Windows key. */
export function typedBy({ key, ctrlKey, altKey, metaKey, shiftKey }: Key): string | null {
  if (metaKey || (altKey && !ctrlKey)) return null
  // Ctrl and Alt together are AltGr, which types a character.
  if (ctrlKey === altKey) return Array.from(key).length === 1 ? key : (named[key] ?? null)
  return !shiftKey && /^[a-z]$/.test(key) ? String.fromCharCode(key.charCodeAt(0) & 31) : null
}

/**
 * Takes what is typed while nothing on the page has the focus, and types it into the terminal: while the terminal is
 * still being loaded, and when what had the focus is gone from the page. In order, and once.
 */
export class StrayKeys {
  #kept = ''
  #loading = true
  #target: ((text: string) => void) | null = null

  /** @param target types into the terminal that is shown; null while there is none */
  typeInto(target: ((text: string) => void) | null): void {
    this.#target = target
    if (!target) return
    this.#loading = false
    const kept = this.#kept
    this.#kept = ''
    if (kept) target(kept)
  }

  /** There is no terminal to come: what was typed was for none. */
  forget(): void {
    this.#loading = false
    this.#kept = ''
  }

  /** @returns ends it */
  listen(): () => void {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.target !== document.body) return
      const text = typedBy(event)
      // While it is loading, Ctrl+R must still reload.
      if (text === null || (event.ctrlKey && !event.altKey && (!this.#target || hasSelection()))) return
      if (this.#take(text)) event.preventDefault()
    }
    const onPaste = (event: ClipboardEvent) => {
      if (event.defaultPrevented || event.target !== document.body) return
      const text = withoutControls(event.clipboardData?.getData('text/plain') ?? '')
      if (this.#take(text.replaceAll(/\r?\n/g, '\r'))) event.preventDefault()
    }
    document.addEventListener('keydown', onKey)
    document.addEventListener('paste', onPaste)
    return () => {
      document.removeEventListener('keydown', onKey)
      document.removeEventListener('paste', onPaste)
    }
  }

  #take(text: string): boolean {
    if (this.#target) this.#target(text)
    else if (!this.#loading) return false
    else if (this.#kept.length + text.length <= mostKept) this.#kept += text
    return true
  }
}

/** Something on the page is marked, so Ctrl+C copies it. */
function hasSelection(): boolean {
  return document.getSelection()?.isCollapsed === false
}
