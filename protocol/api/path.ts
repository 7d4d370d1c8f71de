/**
 * Paths, names and targets of links are bytes to the kernel and text in JSON. Text that is UTF-8 stands for itself.
 * Bytes that are no UTF-8 are written as a `file:` URI, relative or absolute, with `%XX` for each byte that a URI does
 * not take: `file:///home/user/caf%E9`, `file:caf%E9`. A name that itself begins with `file:` is written so too, so
 * that every text means one path, and every path has a text.
 * @see https://www.rfc-editor.org/rfc/rfc8089
 */
export const fileScheme = 'file:'

/** As many bytes as the kernel takes of a path, without the NUL at its end. */
export const pathBytesMax = 4095
/** Text for so many bytes. */
export const pathTextMax = 3 * pathBytesMax + 'file://'.length

/** @returns the bytes that a text stands for, or why it stands for none */
export function pathBytes(text: string): Uint8Array | string {
  if (!text.startsWith(fileScheme)) return encoder.encode(text)
  const rest = text.slice(fileScheme.length)
  const path = rest.startsWith('//') ? rest.slice(2) : rest
  if (path !== rest && !path.startsWith('/')) return 'must not name a host: file:///path'
  const bytes = new Uint8Array(encoder.encode(path).length)
  let length = 0
  const encoded = encoder.encode(path)
  for (let at = 0; at < encoded.length; at++) {
    const byte = encoded[at] ?? 0
    if (byte !== percent) bytes[length++] = byte
    else {
      const digits = String.fromCharCode(encoded[at + 1] ?? 0, encoded[at + 2] ?? 0)
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return 'has a % without two hexadecimal digits'
      bytes[length++] = Number.parseInt(digits, 16)
      at += 2
    }
  }
  return bytes.subarray(0, length)
}

/** The reverse: the text that stands for these bytes. */
export function pathText(bytes: Uint8Array): string {
  const text = utf8(bytes)
  if (text !== undefined && !text.startsWith(fileScheme)) return text
  let escaped = bytes[0] === slash ? `${fileScheme}//` : fileScheme
  for (const byte of bytes) {
    const character = String.fromCharCode(byte)
    escaped += inUri.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }
  return escaped
}

/** A path that is UTF-8, without the form of a URI; others stay as they are. */
export function plainPath(text: string): string {
  const bytes = pathBytes(text)
  return (typeof bytes === 'string' ? undefined : utf8(bytes)) ?? text
}

/** Bytes as text. @returns undefined for what is no UTF-8 */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

const [percent, slash] = [0x25, 0x2f]
const inUri = /[A-Za-z0-9\-._~!$&'()*+,;=:@/]/
const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
