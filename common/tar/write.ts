import { type Extent, paddingBytes, type TarEntry, type TarType, tarBlockBytes } from './format.js'
import { decimalSeconds, paxRecord } from './pax.js'
import { sparseMap } from './sparse.js'

/** The end of an archive. */
export const tarEnd = Buffer.alloc(2 * tarBlockBytes)

export interface WrittenEntry extends TarEntry {
  readonly uid: number
  readonly gid: number
  /** Of a file with holes: what is written of it, after this header. */
  readonly extents?: readonly Extent[]
}

const flags: Readonly<Record<TarType, string>> = {
  ...{ file: '0', link: '1', symlink: '2', directory: '5', pipe: '6' },
}
/** Eleven octal digits. */
const sizeMax = 8 ** 11 - 1
const namesMax = 100
/** Of what is written of a header. */
const fieldsEnd = 265
const nothing = Buffer.alloc(0)

/**
 * The header of an entry, in the ustar format; what does not fit there goes before it in a pax header. Written
 * here, since tar-stream's writer holds headers in memory while its reader is slow, and writes no sparse files.
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export function tarHeader(entry: WrittenEntry): Buffer {
  const records: Buffer[] = []
  const { name, target, modifiedNs, extents } = entry
  const map = extents === undefined ? nothing : sparseMap(extents, entry.sizeBytes)
  const storedBytes = extents?.reduce((sum, { bytes }) => sum + bytes, map.length) ?? entry.sizeBytes
  if (extents !== undefined) {
    records.push(paxRecord('GNU.sparse.major', '1'), paxRecord('GNU.sparse.minor', '0'))
    records.push(
      paxRecord('GNU.sparse.name', name),
      paxRecord('GNU.sparse.realsize', String(entry.sizeBytes)),
    )
  } else if (name.length > namesMax) records.push(paxRecord('path', name))
  if (target.length > namesMax) records.push(paxRecord('linkpath', target))
  if (storedBytes > sizeMax) records.push(paxRecord('size', String(storedBytes)))
  const seconds = modifiedNs / 1_000_000_000n
  if (modifiedNs < 0n || modifiedNs % 1_000_000_000n !== 0n || seconds > BigInt(sizeMax)) {
    records.push(paxRecord('mtime', decimalSeconds(modifiedNs)))
  }
  for (const [key, value] of entry.xattrs) records.push(paxRecord(`SCHILY.xattr.${key}`, value))
  const head = { ...entry, seconds: Number(seconds), sizeBytes: storedBytes }
  const plain = block(flags[entry.type], extents === undefined ? head : { ...head, name: sparseName(name) })
  if (records.length === 0) return plain
  const pax = Buffer.concat(records)
  const before = block('x', { ...head, name: Buffer.from('pax'), target: nothing, sizeBytes: pax.length })
  return Buffer.concat([before, pax, tarPadding(pax.length), plain, map])
}

/** The parts of an archive in pieces worth sending: most are headers, of one block. */
export function* inPieces(parts: Iterable<Uint8Array>, pieceBytes = 128 * 1024): Generator<Uint8Array> {
  let [held, bytes]: [Uint8Array[], number] = [[], 0]
  for (const part of parts) {
    held.push(part)
    bytes += part.length
    if (bytes < pieceBytes) continue
    yield Buffer.concat(held)
    held = []
    bytes = 0
  }
  yield Buffer.concat(held)
}

/** What fills an entry's content up to whole blocks. */
export const tarPadding = (bytes: number): Buffer => Buffer.alloc(paddingBytes(bytes))

/** Programs that know nothing of sparse files unpack one under this name, so that nobody takes it for the file. */
function sparseName(name: Buffer): Buffer {
  const cut = name.lastIndexOf(0x2f) + 1
  const whole = Buffer.concat([name.subarray(0, cut), Buffer.from('GNUSparseFile.0/'), name.subarray(cut)])
  return whole.subarray(0, namesMax)
}

interface Head {
  readonly name: Buffer
  readonly target: Buffer
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly sizeBytes: number
  readonly seconds: number
}

function block(flag: string, entry: Head): Buffer {
  const header = Buffer.alloc(tarBlockBytes)
  const octal = (value: number, at: number, digits: number) =>
    header.write(Math.max(0, value).toString(8).padStart(digits, '0'), at, digits, 'latin1')
  entry.name.copy(header, 0, 0, namesMax)
  octal(entry.mode & 0o7777, 100, 7)
  octal(entry.uid, 108, 7)
  octal(entry.gid, 116, 7)
  octal(entry.sizeBytes > sizeMax ? 0 : entry.sizeBytes, 124, 11)
  octal(Math.min(sizeMax, entry.seconds), 136, 11)
  header.write('        ', 148)
  header.write(flag, 156)
  entry.target.copy(header, 157, 0, namesMax)
  header.write('ustar\x0000', 257, 'latin1')
  let sum = 0
  // Nothing comes after these fields. An iterator would take most of the time of a small file.
  for (let at = 0; at < fieldsEnd; at++) sum += header[at] ?? 0
  octal(sum, 148, 6)
  header.write('\0 ', 154)
  return header
}
