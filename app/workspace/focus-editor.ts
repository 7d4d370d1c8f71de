/** Puts the focus into the text of the group of open files that had it last. */
export function focusEditor(): void {
  const text = '.cm-content'
  const last = document.querySelector<HTMLElement>(`[data-focused-group] ${text}`)
  ;(last ?? document.querySelector<HTMLElement>(text))?.focus()
}
