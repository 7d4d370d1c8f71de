import { screenScrollbackLines } from '../../protocol/node/index.js'
import { unfinished } from './sequence.js'

/** Lines that fill any screen with its scrollback: what is above them cannot be seen any more. */
const enoughLines = 500 + screenScrollbackLines
/** Parameters of an honest sequence are shorter. */
const longestSequence = 256
/** A look that was put together from more sequences is not worth following. */
const mostSequences = 100
const [esc, lineFeed, carriageReturn] = [0x1b, 0x0a, 0x0d]

/** Bytes that do more than print, move to the next line or return: of those nothing may be left out. */
const actingBytes = [0x07, 0x08, 0x0b, 0x0c, 0x0e, 0x0f, 0x18, 0x1a] as const
/** C1 controls are U+0080 to U+009F: in UTF-8 this byte, and one below 0xa0. */
const c1Lead = 0xc2

/**
 * Leaves out what text at the end of an output has pushed off the screen and out of its scrollback, at the speed of a
 * look at each byte: a program that floods its terminal with text, coloured or not, costs no emulator anything.
 * What is left brings a fresh terminal into the same state.
 */
export function elide(output: Buffer): Buffer {
  const textFrom = beginOfText(output.subarray(0, output.length - unfinished(output)))
  const lineBefore = (at: number) => (at <= textFrom ? -1 : output.lastIndexOf(lineFeed, at - 1))
  let at = output.length
  for (let lines = 0; lines < enoughLines && at >= textFrom; lines++) at = lineBefore(at)
  // The cut must come where the cursor is known to be in the first column.
  while (at > textFrom && output[at - 1] !== carriageReturn) at = lineBefore(at)
  if (at <= textFrom) return output
  const looks = looksBefore(output, textFrom, at)
  if (looks === undefined) return output
  return Buffer.concat([output.subarray(0, textFrom), ...looks, Buffer.from('\r\n'), output.subarray(at + 1)])
}

/**
 * Where the text begins that nothing but looks (SGR) and erased ends of lines (EL) interrupt. It is searched for with
 * memrchr(3), which takes a thirtieth of the time of a look at each byte.
 */
function beginOfText(output: Buffer): number {
  const from = Math.max(endOfC1(output), ...actingBytes.map((byte) => output.lastIndexOf(byte) + 1))
  let at = output.lastIndexOf(esc)
  while (at >= from) {
    if (endOfLook(output, at) === undefined) return endOfSequence(output, at)
    if (at === 0) break
    at = output.lastIndexOf(esc, at - 1)
  }
  return from
}

/** Where the last C1 control ends, or 0. */
function endOfC1(output: Buffer): number {
  for (let at = output.lastIndexOf(c1Lead); at >= 0; at--) {
    const next = output[at + 1] ?? 0
    if (output[at] === c1Lead && next >= 0x80 && next <= 0x9f) return at + 2
  }
  return 0
}

/** The end of the SGR or EL sequence at `at`, if it is one. */
function endOfLook(output: Buffer, at: number): number | undefined {
  if (output[at + 1] !== 0x5b) return undefined
  for (let next = at + 2; next < at + longestSequence; next++) {
    const byte = output[next] ?? 0
    if (byte === 0x6d || byte === 0x4b) return next + 1
    if (byte < 0x30 || byte > 0x3b) return undefined
  }
  return undefined
}

/** Where text may begin after the escape sequence at `at`: never, if it has not ended or is one of the strings. */
function endOfSequence(output: Buffer, at: number): number {
  const sequence = output.toString('latin1', at, at + longestSequence)
  const whole =
    /^\x1b(?:\[[\x20-\x3f]*[\x40-\x7e]|[\x20-\x2f]*[\x30-\x4f\x51-\x57\x59-\x5a\x5c\x60-\x7e])/.exec(sequence)
  return whole === null ? output.length : at + whole[0].length
}

/** The sequences that make up the look of what follows `to`: the last word on each of its properties. */
function looksBefore(output: Buffer, from: number, to: number): Buffer[] | undefined {
  const looks: Buffer[] = []
  const settled = new Set<string>()
  for (let at = to; at > from; ) {
    at = output.lastIndexOf(esc, at - 1)
    const end = at < from ? undefined : endOfLook(output, at)
    if (end === undefined) break
    if (output[end - 1] === 0x4b) continue
    const parameters = output.toString('latin1', at + 2, end - 1)
    const properties = propertiesOf(parameters)
    if (!properties.every((property) => settled.has(property))) {
      if (looks.length === mostSequences) return undefined
      looks.unshift(output.subarray(at, end))
      for (const property of properties) settled.add(property)
    }
    if (/^0*(;|$)/.test(parameters)) break
  }
  return looks
}

/** What SGR parameters have a say on. @see https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
function propertiesOf(parameters: string): string[] {
  const properties: string[] = []
  const list = parameters.split(';')
  for (const [index, parameter] of list.entries()) {
    const code = Number.parseInt(parameter, 10) || 0
    const tens = Math.floor(code / 10)
    if (code === 0) return ['everything']
    if (tens === 3 || tens === 9) properties.push('foreground')
    else if (tens === 4 || tens === 10) properties.push('background')
    else if (code === 1 || code === 2 || code === 22) properties.push('weight')
    else if (code === 4 || code === 21 || code === 24) properties.push('underline')
    else properties.push(`${code < 20 ? code + 20 : code}`)
    if (code !== 38 && code !== 48 && code !== 58) continue
    const rest = list.length - index
    const whole = list[index + 1] === '5' ? 3 : 5
    // Behind a colour may stand more, which is told from its parts by nobody here: such a sequence is kept.
    if (!parameter.includes(':') && rest !== whole) properties.push(parameters)
    return properties
  }
  return properties
}
