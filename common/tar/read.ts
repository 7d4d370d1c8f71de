import { paddingBytes, shownName, type TarEntry, TarError, type TarType } from './format.js'
import { assertChecksum, bytesAt, numberAt } from './header.js'
import { decimal, nanoseconds, noRecords, type PaxRecords, readPax, xattrsOf } from './pax.js'
import { TarSource } from './source.js'
import { readSparse } from './sparse.js'

/** One entry of an archive that is read. */
export interface TarMember extends TarEntry {
  /** Whose it is, by number; undefined when the archive has no valid number. */
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** The bytes of a file, with their places in it. What is not read of it is skipped. */
  content(): AsyncGenerator<{ readonly at: number; readonly bytes: Buffer }>
}

/** What a reader of an archive wants beside what everybody gets. */
export interface TarWishes {
  /** Hears of a device, which is left out then. Without it devices are refused. */
  readonly device?: (name: Buffer) => void
  /** Which extended attributes are wanted: those of users, if absent. */
  readonly xattr?: (name: string) => boolean
}

const types: Readonly<Record<string, TarType>> = {
  ...{ '0': 'file', '\0': 'file', '7': 'file', S: 'file' },
  ...{ '1': 'link', '2': 'symlink', '5': 'directory', '6': 'pipe' },
}
/** What those that are refused are called. */
const refused: Readonly<Record<string, string>> = {
  ...{ '3': 'a character device', '4': 'a block device' },
  ...{ M: 'the rest of a file from another volume', D: 'a directory of an incremental dump' },
}
/** Headers before one entry; several may come in a row. */
const pendingBytesMax = 2 * 1024 ** 2

/**
 * Reads an archive entry by entry: ustar, pax, GNU, star and the old format of version 7, with GNU's four forms of
 * sparse files. Every entry comes out exactly, or not at all. Written here, since tar-stream's reader answers some
 * broken archives never and others with different bytes, and knows no sparse files.
 * @throws TarError for what is broken, cut, or of a type that cannot be unpacked
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export async function* readTar(
  archive: AsyncIterable<Uint8Array>,
  wishes: TarWishes = {},
): AsyncGenerator<TarMember> {
  const source = new TarSource(archive)
  let [global, next, pendingBytes] = [noRecords, noRecords, 0]
  let [zeros, first] = [0, true]
  while (zeros < 2) {
    const block = await source.block()
    if (block === undefined) break
    if (block[0] === 0 && block.every((byte) => byte === 0)) {
      zeros++
      continue
    }
    zeros = 0
    assertChecksum(block, first)
    first = false
    const flag = block.toString('latin1', 156, 157)
    const headerBytes = numberAt(block, 124, 12)
    if (headerBytes === undefined || headerBytes < 0) throw new TarError('an entry has no valid size')
    if ('xXgLK'.includes(flag)) {
      pendingBytes += headerBytes
      if (pendingBytes > pendingBytesMax) throw new TarError('an entry has too many headers')
      const text = await source.whole(headerBytes)
      if (flag === 'g') global = readPax(text, global, true, wishes.xattr)
      else if (flag === 'L' || flag === 'K') next = withName(next, flag, bytesAt(text, 0, text.length))
      else next = readPax(text, next, false, wishes.xattr)
      continue
    }
    if (flag === 'V') continue // the label of a volume
    const pax = { values: new Map([...global.values, ...next.values]), sparse: next.sparse }
    ;[next, pendingBytes] = [noRecords, 0]
    if (wishes.device !== undefined && (flag === '3' || flag === '4')) {
      wishes.device(pax.values.get('path') ?? shortName(block))
      continue
    }
    yield* memberOf(source, block, flag, pax, headerBytes)
  }
  await source.rest()
}

const withName = (records: PaxRecords, flag: string, name: Buffer): PaxRecords => ({
  values: new Map(records.values).set(flag === 'L' ? 'path' : 'linkpath', name),
  sparse: records.sparse,
})

async function* memberOf(
  source: TarSource,
  block: Buffer,
  flag: string,
  pax: PaxRecords,
  headerBytes: number,
): AsyncGenerator<TarMember> {
  const entry = entryOf(block, flag, pax)
  const shown = shownName(entry.name)
  const stated = pax.values.get('size')
  // The size of a directory or link is a hint at most: nothing follows it.
  const storedBytes = entry.type !== 'file' ? 0 : stated === undefined ? headerBytes : decimal(stated, 'size')
  const map = entry.type === 'file' ? await readSparse(source, block, pax, storedBytes) : undefined
  if (map === undefined && pax.values.has('SCHILY.realsize'))
    throw new TarError(`${shown} is a sparse file of star`)
  const contentBytes = storedBytes - (map?.mapBytes ?? 0)
  const extents = map?.extents ?? [{ at: 0, bytes: contentBytes }]
  let left = contentBytes
  yield {
    ...entry,
    sizeBytes: map?.sizeBytes ?? contentBytes,
    uid: idOf(pax.values.get('uid'), block, 108),
    gid: idOf(pax.values.get('gid'), block, 116),
    async *content() {
      for (const extent of extents) {
        for (const until = left - extent.bytes; left > until; ) {
          const bytes = await source.some(left - until)
          left -= bytes.length
          yield { at: extent.at + extent.bytes - (left - until) - bytes.length, bytes }
        }
      }
    },
  }
  await source.skip(left + paddingBytes(storedBytes))
}

function idOf(stated: Buffer | undefined, block: Buffer, at: number): number | undefined {
  const id = stated === undefined ? numberAt(block, at, 8) : decimal(stated, 'owner')
  return id === undefined || id < 0 ? undefined : id
}

function entryOf(block: Buffer, flag: string, pax: PaxRecords): Omit<TarEntry, 'sizeBytes'> {
  const name = pax.values.get('GNU.sparse.name') ?? pax.values.get('path') ?? shortName(block)
  const target = pax.values.get('linkpath') ?? bytesAt(block, 157, 100)
  const shown = shownName(name)
  if (name.includes(0) || target.includes(0))
    throw new TarError(`the name ${shown} or its target contains NUL`)
  const type = types[flag]
  if (type === undefined) {
    throw new TarError(`${shown} is ${refused[flag] ?? `of the unknown type ${JSON.stringify(flag)}`}`)
  }
  if ((type === 'symlink' || type === 'link') && target.length === 0) {
    throw new TarError(`${shown} is a link to nothing`)
  }
  const stated = pax.values.get('mtime')
  const seconds = numberAt(block, 136, 12)
  const modifiedNs =
    stated !== undefined
      ? nanoseconds(stated.toString('latin1'))
      : seconds === undefined
        ? undefined
        : BigInt(seconds) * 1_000_000_000n
  if (modifiedNs === undefined) throw new TarError(`${shown} has no valid time`)
  const mode = numberAt(block, 100, 8)
  if (mode === undefined) throw new TarError(`${shown} has no valid permissions`)
  return {
    ...{ name, target, mode: mode & 0o7777, modifiedNs, xattrs: xattrsOf(pax) },
    // Before there was a type for directories, a slash at the end told them.
    type: type === 'file' && name.at(-1) === 0x2f ? 'directory' : type,
  }
}

/** The name in the header itself. Only ustar and star have a prefix; where GNU has other fields. */
function shortName(block: Buffer): Buffer {
  const short = bytesAt(block, 0, 100)
  if (block.toString('latin1', 257, 263) !== 'ustar\0') return short
  const star = block.toString('latin1', 508, 512) === 'tar\0'
  const prefix = bytesAt(block, 345, star ? 131 : 155)
  return prefix.length === 0 ? short : Buffer.concat([prefix, Buffer.from('/'), short])
}
