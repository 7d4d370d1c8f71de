import { otherFormat, TarError } from './format.js'

/** A header's fields, as bytes. */
export function bytesAt(block: Buffer, at: number, length: number): Buffer {
  const end = block.indexOf(0, at)
  return block.subarray(at, end < 0 || end > at + length ? at + length : end)
}

/** Octal digits, or binary where the highest bit is set (GNU). @returns undefined for anything else */
export function numberAt(block: Buffer, at: number, length: number): number | undefined {
  if (block.readUInt8(at) >= 0x80) {
    const bits = BigInt(`0x${block.toString('hex', at, at + length)}`) & ((1n << BigInt(8 * length - 1)) - 1n)
    const value = Number(BigInt.asIntN(8 * length - 1, bits))
    return Number.isSafeInteger(value) ? value : undefined
  }
  const digits = /^[ \0]*([0-7]*)(?:[ \0].*)?$/s.exec(block.toString('latin1', at, at + length))?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits || '0', 8)
}

/**
 * The sum of all bytes but the sum's own, which count as blanks; some old programs summed signed bytes.
 * @throws TarError
 */
export function assertChecksum(block: Buffer, first: boolean): void {
  const stated = numberAt(block, 148, 8)
  let [sum, high] = [8 * 0x20, 0]
  for (let at = 0; at < block.length; at++) {
    if (at === 148) at = 156
    const byte = block[at] ?? 0
    sum += byte
    if (byte >= 0x80) high++
  }
  if (sum === stated || sum - 256 * high === stated) return
  throw new TarError((first ? otherFormat(block) : undefined) ?? 'it is no tar archive, or is damaged')
}
