/** What an entry of an archive says of itself. */
export interface TarEntry {
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink'
  readonly sizeBytes: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly modified: Date
  /** What a symlink points to. */
  readonly target: string
}

export const tarBlockBytes = 512
/** The end of an archive. */
export const tarEnd = Buffer.alloc(2 * tarBlockBytes)

const flags = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const
/** Eleven octal digits. */
const sizeMax = 8 ** 11 - 1
const namesMax = 100

/**
 * The header of an entry, in the ustar format; what does not fit there goes before it in a pax header. Written
 * here, since tar-stream's writer holds headers in memory while its reader is slow.
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export function tarHeader(entry: TarEntry): Buffer {
  const records: string[] = []
  if (Buffer.byteLength(entry.name) > namesMax) records.push(paxRecord('path', entry.name))
  if (Buffer.byteLength(entry.target) > namesMax) records.push(paxRecord('linkpath', entry.target))
  if (entry.sizeBytes > sizeMax) records.push(paxRecord('size', String(entry.sizeBytes)))
  const plain = block(flags[entry.type], entry)
  if (records.length === 0) return plain
  const pax = Buffer.from(records.join(''))
  const head = block(flags.pax, { ...entry, name: 'pax', target: '', sizeBytes: pax.length })
  return Buffer.concat([head, pax, tarPadding(pax.length), plain])
}

/** What fills an entry's content up to whole blocks. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((tarBlockBytes - (sizeBytes % tarBlockBytes)) % tarBlockBytes)
}

function block(flag: string, entry: Omit<TarEntry, 'type'>): Buffer {
  const header = Buffer.alloc(tarBlockBytes)
  const octal = (value: number, at: number, digits: number) =>
    header.write(Math.max(0, Math.floor(value)).toString(8).padStart(digits, '0'), at, digits, 'latin1')
  header.write(entry.name, 0, namesMax)
  octal(entry.mode & 0o7777, 100, 7)
  octal(entry.uid, 108, 7)
  octal(entry.gid, 116, 7)
  octal(entry.sizeBytes > sizeMax ? 0 : entry.sizeBytes, 124, 11)
  octal(Math.min(sizeMax, entry.modified.getTime() / 1000 || 0), 136, 11)
  header.write('        ', 148)
  header.write(flag, 156)
  header.write(entry.target, 157, namesMax)
  header.write('ustar\x0000', 257, 'latin1')
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  )
  header.write('\0 ', 154)
  return header
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  let length = bytes + String(bytes).length
  if (String(length).length > String(bytes).length) length = bytes + String(length).length
  return `${length}${rest}`
}
