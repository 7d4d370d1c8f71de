import { TarError } from './format.js'

/** Records of pax headers that mean something here, by their keys. */
export interface PaxRecords {
  readonly values: ReadonlyMap<string, Buffer>
  /** Of a sparse file in the first version of its format, where two keys come again and again. */
  readonly sparse: readonly number[]
}

export const noRecords: PaxRecords = { values: new Map(), sparse: [] }

const plainKeys = new Set(['path', 'linkpath', 'size', 'mtime', 'uid', 'gid', 'SCHILY.realsize'])
const xattrKey = 'SCHILY.xattr.'
/** bsdtar writes both forms, unless it is told otherwise. The name is escaped here, and the value base64. */
const libarchiveKey = 'LIBARCHIVE.xattr.'
/** An archive's global header may hold nothing that belongs to one entry only: it would be held for all of them. */
const globalKeys = new Set(['path', 'linkpath', 'size', 'mtime', 'uid', 'gid'])

const ofUsers = (name: string) => name.startsWith('user.')

/**
 * Reads records of the form `<length> <key>=<value>\n`. An empty value takes an earlier one back.
 * @param wanted which extended attributes are kept
 */
export function readPax(
  bytes: Buffer,
  before: PaxRecords,
  global: boolean,
  wanted: (name: string) => boolean = ofUsers,
): PaxRecords {
  const values = new Map(before.values)
  const sparse = [...before.sparse]
  for (let at = 0; at < bytes.length; ) {
    const { key, value, end } = recordAt(bytes, at)
    at = end
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') sparse.push(decimal(value, key))
    const kept = global ? globalKeys.has(key) : plainKeys.has(key) || key.startsWith('GNU.sparse.')
    if (kept && value.length > 0) values.set(key, value)
    else if (kept) values.delete(key)
    else if (!global && key.startsWith(xattrKey) && wanted(key.slice(xattrKey.length))) values.set(key, value)
    else if (!global && key.startsWith(libarchiveKey)) {
      const name = unescaped(key.slice(libarchiveKey.length))
      if (wanted(name) && !values.has(xattrKey + name)) {
        values.set(xattrKey + name, Buffer.from(value.toString('latin1'), 'base64'))
      }
    }
  }
  return { values, sparse }
}

/** The extended attributes among the records. */
export function xattrsOf({ values }: PaxRecords): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  for (const [key, value] of values) {
    if (key.startsWith(xattrKey)) found.set(key.slice(xattrKey.length), value)
  }
  return found
}

function recordAt(bytes: Buffer, at: number): { key: string; value: Buffer; end: number } {
  const space = bytes.indexOf(0x20, at)
  const length = Number(bytes.toString('latin1', at, space < 0 ? at : space) || Number.NaN)
  const end = at + length
  const equals = bytes.indexOf(0x3d, space)
  if (
    !Number.isInteger(length) ||
    end > bytes.length ||
    space < at ||
    equals < 0 ||
    equals >= end ||
    bytes[end - 1] !== 0x0a
  ) {
    throw new TarError('a pax header is damaged')
  }
  return { key: bytes.toString('utf8', space + 1, equals), value: bytes.subarray(equals + 1, end - 1), end }
}

/** A number of bytes. */
export function decimal(text: Buffer, what: string): number {
  const digits = text.toString('latin1')
  const value = /^\d{1,19}$/.test(digits) ? Number(digits) : Number.NaN
  if (!Number.isSafeInteger(value)) throw new TarError(`a pax header has no valid ${what}`)
  return value
}

/** Seconds with a fraction, below zero too, as nanoseconds. @returns undefined for what is none */
export function nanoseconds(text: string): bigint | undefined {
  const [, sign, seconds, fraction = ''] = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text) ?? []
  if (seconds === undefined) return undefined
  const value = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, '0'))
  return sign === '-' ? -value : value
}

/** The reverse of `nanoseconds`. */
export function decimalSeconds(ns: bigint): string {
  const size = ns < 0n ? -ns : ns
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '')
  return `${ns < 0n ? '-' : ''}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
export function paxRecord(key: string, value: string | Buffer): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')])
  let length = rest.length + String(rest.length).length
  if (String(length).length > String(rest.length).length) length = rest.length + String(length).length
  return Buffer.concat([Buffer.from(String(length)), rest])
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return '' // no name of ours
  }
}
