import { screenScrollbackLines } from '../../protocol/index.js'

/** Lines that fill any screen with its scrollback: what is above them cannot be seen any more. */
const enoughLines = 500 + screenScrollbackLines
/** Parameters of an honest sequence are shorter. */
const longestSequence = 256
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Bytes that do more than print, move to the next line or return: of those nothing may be left out. */
const actingBytes = new Uint8Array(256)
for (const byte of [0x07, 0x08, 0x0b, 0x0c, 0x0e, 0x0f, 0x18, 0x1a, 0x1b]) actingBytes[byte] = 1

/**
 * Leaves out what plain text at the end of an output has pushed off the screen and out of its scrollback, at
 * the speed of a look at each byte: a program that floods its terminal with text costs no emulator anything.
 * What is left brings a fresh terminal into the same state.
 */
export function elide(output: Uint8Array): Uint8Array {
  let acting = output.length - 1
  while (acting >= 0 && !acts(output, acting)) acting--
  const plainFrom = output[acting] === 0x1b ? endOfSequence(output, acting) : acting + 1
  const lineBefore = (at: number) => (at <= plainFrom ? -1 : output.lastIndexOf(lineFeed, at - 1))
  let at = output.length
  for (let lines = 0; lines < enoughLines && at >= plainFrom; lines++) at = lineBefore(at)
  // The cut must come where the cursor is known to be in the first column.
  while (at > plainFrom && output[at - 1] !== carriageReturn) at = lineBefore(at)
  if (at <= plainFrom) return output
  return Buffer.concat([output.subarray(0, plainFrom), Buffer.from('\r\n'), output.subarray(at + 1)])
}

/** Where plain text begins after the escape sequence at `at`: never, if it has not ended or is one of the strings. */
function endOfSequence(output: Uint8Array, at: number): number {
  const sequence = Buffer.from(output.subarray(at, at + longestSequence)).toString('latin1')
  const whole =
    /^\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|[\x20-\x2f]*[\x30-\x4f\x51-\x57\x59-\x5a\x5c\x60-\x7e])/.exec(sequence)
  return whole === null ? output.length : at + whole[0].length
}

/** C1 controls are U+0080 to U+009F, hence two bytes in UTF-8. */
function acts(output: Uint8Array, at: number): boolean {
  const byte = output[at] ?? 0
  if (byte < 0x80) return actingBytes[byte] === 1
  return byte <= 0x9f && output[at - 1] === 0xc2
}
