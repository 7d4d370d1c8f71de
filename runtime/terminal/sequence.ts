/** A sequence that began longer ago is an attack or a picture, and a screen goes on without it. */
const longestSequence = 4096
/** The longest characters with marks that honest programs print are shorter. */
const longestCluster = 64

/**
 * How many bytes at the end of an output belong together with what is still to come: the beginning of an escape
 * sequence, of a character, or of a cluster of characters that share a cell.
 * @see ECMA-48, section 5
 */
export function unfinished(bytes: Uint8Array): number {
  const tail = Buffer.from(bytes.subarray(Math.max(0, bytes.length - longestSequence))).toString('latin1')
  const begin = openSequence(tail)
  return begin >= 0 ? tail.length - begin : openCluster(tail)
}

/** Where the escape sequence that has not ended begins, or -1. */
function openSequence(tail: string): number {
  const begin = tail.lastIndexOf('\x1b')
  if (begin < 0) return -1
  const rest = tail.slice(begin + 1)
  if (rest === '') {
    // It may be the first half of what ends a string.
    const string = openSequence(tail.slice(0, begin))
    return string >= 0 && /[\]PX^_]/.test(tail[string + 1] ?? '') ? string : begin
  }
  if (/^[\x20-\x2f]*$/.test(rest) || /^\[[\x20-\x3f]*$/.test(rest)) return begin
  // Strings (OSC, DCS and their kin) last until BEL, CAN, SUB or the next ESC.
  return /^[\]PX^_][^\x07\x18\x1a]*$/.test(rest) ? begin : -1
}

function openCluster(tail: string): number {
  const run = /[\x80-\xff]+$/.exec(tail.slice(-longestCluster))?.[0] ?? ''
  // A run that fills all that was looked at may begin in the middle of a character.
  if (run.length === longestCluster) return run.replace(/^[\x80-\xbf]+/, '').length
  const before = tail.slice(0, tail.length - run.length)
  // An accent may come after a letter; the last letter of an escape sequence is none.
  const onLetter = run !== '' && /[\x21-\x7e]$/.test(before) && openSequence(before.slice(0, -1)) < 0
  return run.length + (onLetter ? 1 : 0)
}

/**
 * How many bytes at the end of an output begin a character that has not come in full: 0 to 3. xterm.js does not
 * join what follows to its cluster when a character comes in two writes, so none is sent in two.
 */
export function partialCharacter(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return 0
    if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0
  }
  return 0
}
