/** An archive that is broken, cut, or holds what cannot be unpacked: its sender's mistake. */
export class TarError extends Error {
  override readonly name = 'TarError'
}

export const tarBlockBytes = 512

/** What fills an entry's content up to whole blocks. */
export const paddingBytes = (bytes: number) => (tarBlockBytes - (bytes % tarBlockBytes)) % tarBlockBytes

/** What an archive can hold here. Devices, and what only some kinds of backup write, are refused. */
export type TarType = 'file' | 'directory' | 'symlink' | 'link' | 'pipe'

/** A run of bytes of a file; between them are holes. */
export interface Extent {
  readonly at: number
  readonly bytes: number
}

/** What an entry says of itself, whether it is read or written. Names are bytes, for the kernel knows no others. */
export interface TarEntry {
  readonly name: Buffer
  readonly type: TarType
  /** Of a symlink: what it says; of a hard link: the name of an entry before it. */
  readonly target: Buffer
  /** Permissions, with setuid, setgid and sticky. */
  readonly mode: number
  /** Nanoseconds since 1970. */
  readonly modifiedNs: bigint
  /** Of a file, with its holes. */
  readonly sizeBytes: number
  /** Those of users (`user.`), by their whole names. */
  readonly xattrs: ReadonlyMap<string, Buffer>
}

/** A name of an archive for a message: readable, and on one line. */
export const shownName = (name: Buffer): string => JSON.stringify(name.toString())

/**
 * An entry's name as steps below the directory that the archive is unpacked into; none for that directory.
 * @throws TarError for absolute names, `..` and NUL
 */
export function stepsOf(name: Buffer): Buffer[] {
  const steps: Buffer[] = []
  for (let at = 0; at <= name.length; ) {
    const slash = name.indexOf(0x2f, at)
    const end = slash < 0 ? name.length : slash
    const step = name.subarray(at, end)
    const text = step.length <= 2 ? step.toString('latin1') : ''
    if (text === '..') throw leadsOut(name)
    if (step.length > 0 && text !== '.') steps.push(step)
    at = end + 1
  }
  if (name[0] === 0x2f || name.includes(0)) throw leadsOut(name)
  return steps
}

const leadsOut = (name: Buffer) => new TarError(`the archive's entry ${shownName(name)} leads out of it`)

/** What is no archive but often sent as one, by how it begins. */
const others: readonly (readonly [string, string])[] = [
  ['1f8b', 'compressed with gzip'],
  ['425a68', 'compressed with bzip2'],
  ['fd377a585a00', 'compressed with xz'],
  ['28b52ffd', 'compressed with zstd'],
  ['1f9d', 'compressed with compress'],
  ['504b0304', 'a zip file'],
  ['377abcaf271c', 'a 7z file'],
]

/** Says what bytes are that begin no archive, if that can be told. */
export function otherFormat(bytes: Buffer): string | undefined {
  const other = others.find(([magic]) => bytes.toString('hex', 0, magic.length / 2) === magic)
  return other === undefined ? undefined : `it is ${other[1]}; send a tar that is not compressed`
}
