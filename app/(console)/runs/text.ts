type Encoding = 'utf8' | 'base64'

/** The bytes of a base64 text, at most the first `max`. */
export function bytesOf(content: string, max = Number.POSITIVE_INFINITY): Uint8Array {
  const part = content.slice(0, Math.min(content.length, Math.ceil(max / 3) * 4))
  return Uint8Array.from(atob(part), (character) => character.charCodeAt(0)).subarray(0, max)
}

/** Bytes as the text that they are; null when they are none. More may follow on `beginning`: it may end in a character. */
export function decoded(bytes: Uint8Array, beginning = false): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: beginning })
  } catch {
    return null // Not UTF-8.
  }
}

/** The text that `content` stands for; null when it is none. */
export function textOf(content: string, encoding: Encoding): string | null {
  return encoding === 'utf8' ? content : decoded(bytesOf(content))
}

/** Rows of sixteen bytes: `0000  48 65 6c  Hel`. */
export function hexRows(bytes: Uint8Array): string {
  const rows: string[] = []
  for (let at = 0; at < bytes.length; at += 16) {
    const row = [...bytes.subarray(at, at + 16)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const plain = row.map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('')
    rows.push(`${at.toString(16).padStart(4, '0')}  ${hex.padEnd(47)}  ${plain}`)
  }
  return rows.join('\n')
}
