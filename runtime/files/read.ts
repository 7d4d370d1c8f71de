import type { BigIntStats } from 'node:fs'
import { Readable } from 'node:stream'
import { RuntimeRefusal } from '../errors.js'
import { etagOf, hasEtag } from './etag.js'
import type { FilesRoot } from './root.js'

/** What a reader wants of a file, as the headers of the same names say it. */
export interface ReadWish {
  readonly range?: string | undefined
  readonly ifRange?: string | undefined
  readonly ifNoneMatch?: string | undefined
}

/** Bytes of a file, the last one included. */
export interface Part {
  readonly first: number
  readonly last: number
}

/** A file that is read. */
export interface ReadFile {
  readonly content: Readable
  /** Of the whole file. */
  readonly sizeBytes: number
  readonly modifiedMs: number
  readonly etag: string
  /** What `content` is of the file; undefined when it is all of it. */
  readonly part: Part | undefined
  /** The reader has it already, so there is no content. */
  readonly unchanged: boolean
}

/** A file, or a part of it, as a stream of exactly the bytes that it had when it was opened, or fewer if it shrinks. */
export async function readFile(root: FilesRoot, path: string, wish: ReadWish = {}): Promise<ReadFile> {
  using found = root.find(path, { follow: true })
  const file = await found.read(path)
  try {
    const stat = await file.stat({ bigint: true })
    const head = headOf(path, stat, wish)
    const { first, last } = head.part ?? { first: 0, last: head.sizeBytes - 1 }
    if (head.unchanged || last < first) {
      await file.close()
      return { ...head, content: Readable.from([]) }
    }
    return { ...head, content: file.createReadStream({ start: first, end: last }) }
  } catch (error) {
    await file.close()
    throw error
  }
}

function headOf(path: string, stat: BigIntStats, wish: ReadWish): Omit<ReadFile, 'content'> {
  const { range, ifRange, ifNoneMatch } = wish
  const etag = etagOf(stat) ?? ''
  const sizeBytes = Number(stat.size)
  const whole = { sizeBytes, modifiedMs: Number(stat.mtimeMs), etag, part: undefined, unchanged: false }
  if (ifNoneMatch !== undefined && hasEtag(ifNoneMatch, etag, true)) return { ...whole, unchanged: true }
  // A date tells seconds apart; whoever has parts of another file gets all of this one.
  if (range === undefined || (ifRange !== undefined && ifRange !== etag)) return whole
  const part = partOf(range, sizeBytes)
  if (part !== 'beyond') return { ...whole, part }
  throw new RuntimeRefusal('range_not_satisfiable', `${path} has ${sizeBytes} bytes`, undefined, {
    sizeBytes,
  })
}

/** One range of bytes. What is none, or several, does not count. @see RFC 9110, 14.1.2 */
function partOf(range: string, sizeBytes: number): Part | 'beyond' | undefined {
  const [, from = '', to = ''] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(range) ?? []
  if (from === '' && to === '') return undefined
  const end = sizeBytes - 1
  if (from === '') {
    if (Number(to) === 0 || sizeBytes === 0) return 'beyond'
    return { first: Math.max(0, sizeBytes - Number(to)), last: end }
  }
  const first = Number(from)
  if (to !== '' && Number(to) < first) return undefined
  if (first > end) return 'beyond'
  return { first, last: to === '' ? end : Math.min(end, Number(to)) }
}
