import { ApiError } from '../errors.js'

const marks: readonly (readonly [encoding: string, mark: readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
]

/**
 * The text of a file from a spreadsheet, in the encoding that its byte order mark tells. Without one it is UTF-16 when every
 * other byte is zero, UTF-8 when it is valid, and else GB18030, in which spreadsheets of Chinese Windows write.
 *
 * @see https://encoding.spec.whatwg.org/
 * @throws ApiError `invalid_request` when it is in none of them
 */
export function decode(bytes: Uint8Array): string {
  const marked = marks.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte))?.[0]
  for (const encoding of marked === undefined ? [utf16Of(bytes), 'utf-8', 'gb18030'] : [marked]) {
    if (encoding === undefined) continue
    try {
      const text = new TextDecoder(encoding, { fatal: true }).decode(bytes)
      // No cell has it, and PostgreSQL cannot hold it.
      if (!text.includes('\0')) return text.replaceAll(/\r\n?/g, '\n')
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
    }
  }
  throw new ApiError(
    'invalid_request',
    'the file is no text in UTF-8, UTF-16 or GB18030; save it as CSV (UTF-8) and try again',
  )
}

/** How much is looked at. */
const sample = 1024

/** Latin letters, digits, separators and line ends have a zero byte in UTF-16, and no other text has any. */
function utf16Of(bytes: Uint8Array): string | undefined {
  const zeros = [0, 0]
  for (const [at, byte] of bytes.subarray(0, sample).entries()) {
    if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1
  }
  const [even = 0, odd = 0] = zeros
  if (even + odd === 0) return undefined
  return odd > even ? 'utf-16le' : 'utf-16be'
}
