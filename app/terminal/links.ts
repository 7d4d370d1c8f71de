/** The address if it is one of the web's; null for `javascript:`, `file:` and all else a program could print. */
export function webAddress(text: string): string | null {
  if (!URL.canParse(text)) return null
  const url = new URL(text)
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null
}

/** Opens what a program printed, in a tab that knows nothing of this one. */
export function followLink(text: string): void {
  const address = webAddress(text)
  if (address) window.open(address, '_blank', 'noopener,noreferrer')
}
