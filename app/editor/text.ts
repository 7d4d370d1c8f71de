/** Larger files are not opened: the page would hold them several times over. */
export const editableBytesMax = 5 * 1024 * 1024

export type LineBreak = '\n' | '\r\n'

/** The text of a file; null when it is none that could be written back as it was. */
export function decodeText(bytes: Uint8Array): string | null {
  if (bytes.includes(0)) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null // Not UTF-8.
  }
}

/**
 * How lines end. Where they end in both ways, only `\n` counts and `\r` is a character like any other, so that nothing of
 * the file changes but what a person changes.
 */
export function lineBreakOf(text: string): LineBreak {
  return text.includes('\r\n') && !/(^|[^\r])\n|\r(?!\n)/.test(text) ? '\r\n' : '\n'
}

/** With `\n` where a file has `\r\n` everywhere: as the editor has it. */
export function withPlainBreaks(text: string): string {
  return lineBreakOf(text) === '\r\n' ? text.replaceAll('\r\n', '\n') : text
}
