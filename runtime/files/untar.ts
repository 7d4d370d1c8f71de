import { RuntimeRefusal } from '../errors.js'
import { tarBlockBytes } from './tar.js'

/** One entry of an archive that is read. */
export interface TarMember {
  readonly name: string
  readonly type: 'file' | 'directory' | 'symlink' | 'link'
  /** Of a link: what it leads to. */
  readonly target: string
  readonly mode: number
  /** When it was changed. */
  readonly modified: Date
  /** What is not read of it is skipped. */
  readonly content: AsyncIterable<Uint8Array>
}

/** A pax header or a long name is held in memory. */
const headerBytesMax = 1024 ** 2
const types = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'link',
  '2': 'symlink',
  '5': 'directory',
} as const
/** What those that are refused are called. */
const refused: Readonly<Record<string, string>> = {
  ...{ '3': 'a character device', '4': 'a block device', '6': 'a pipe', S: 'a sparse file' },
  ...{ M: 'the rest of a file from another volume', D: 'a directory of an incremental dump' },
}

/**
 * Reads an archive entry by entry: ustar, pax, GNU and the old format of version 7. Written here, since tar-stream's
 * reader answers some broken archives never and others with different bytes.
 * @throws RuntimeRefusal `invalid_request` for what is broken, cut, or of a type that cannot be unpacked
 * @see https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13
 */
export async function* readTar(archive: AsyncIterable<Uint8Array>): AsyncGenerator<TarMember> {
  const source = new Source(archive)
  let global: Pax = {}
  let next: Pax = {}
  for (let zeros = 0; zeros < 2; ) {
    const block = await source.block()
    if (block === undefined) break
    if (block.every((byte) => byte === 0)) {
      zeros++
      continue
    }
    zeros = 0
    assertChecksum(block)
    const flag = block.toString('latin1', 156, 157)
    const sizeBytes = numberAt(block, 124, 12)
    if (sizeBytes === undefined || sizeBytes < 0) throw broken('an entry has no valid size')
    if (flag === 'x' || flag === 'X' || flag === 'g') {
      const records = paxRecords(await source.whole(sizeBytes))
      if (flag === 'g') global = { ...global, ...records }
      else next = { ...next, ...records }
    } else if (flag === 'L' || flag === 'K') {
      const text = textAt(await source.whole(sizeBytes), 0, sizeBytes)
      next = flag === 'L' ? { ...next, path: text } : { ...next, linkpath: text }
    } else if (flag !== 'V') {
      const pax: Pax = { ...global, ...next }
      const member = memberOf(block, flag, pax)
      next = {}
      // The size of a directory or link is a hint at most: nothing follows it.
      const bytes = member.type === 'file' ? fileBytes(pax, sizeBytes) : 0
      const content = source.content(bytes)
      yield { ...member, content }
      await source.finish(padding(bytes))
    }
  }
  await source.rest()
}

type Pax = Readonly<Record<string, string>>

function memberOf(block: Buffer, flag: string, pax: Pax): Omit<TarMember, 'content'> {
  const prefix =
    block.toString('latin1', 257, 262) === 'ustar' && block[262] === 0 ? textAt(block, 345, 155) : ''
  const short = textAt(block, 0, 100)
  const name = pax.path ?? (prefix === '' ? short : `${prefix}/${short}`)
  const target = pax.linkpath ?? textAt(block, 157, 100)
  const shown = JSON.stringify(name)
  if (name.includes('\0') || target.includes('\0'))
    throw broken(`the name ${shown} or its target contains NUL`)
  if (Object.keys(pax).some((key) => key.startsWith('GNU.sparse.'))) throw broken(`${shown} is a sparse file`)
  const known = Object.entries(types).find(([one]) => one === flag)?.[1]
  if (known === undefined)
    throw broken(`${shown} is ${refused[flag] ?? `of the unknown type ${JSON.stringify(flag)}`}`)
  const seconds = pax.mtime === undefined ? numberAt(block, 136, 12) : Number(pax.mtime)
  const modified = new Date((seconds ?? Number.NaN) * 1000)
  if (!Number.isFinite(modified.getTime())) throw broken(`${shown} has no valid time`)
  return {
    ...{ name, target, mode: numberAt(block, 100, 8) ?? 0o644 },
    // Before there was a type for directories, a slash at the end told them.
    type: known === 'file' && name.endsWith('/') ? 'directory' : known,
    modified,
  }
}

function fileBytes({ size }: Pax, headerBytes: number): number {
  if (size === undefined) return headerBytes
  if (!/^\d{1,15}$/.test(size)) throw broken('a pax header has no valid size')
  return Number(size)
}

/** Records of the form `<length> <key>=<value>\n`. */
function paxRecords(bytes: Buffer): Pax {
  const records: Record<string, string> = Object.create(null)
  for (let at = 0; at < bytes.length; ) {
    const space = bytes.indexOf(0x20, at)
    const length = Number(bytes.toString('latin1', at, space < 0 ? at : space))
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
      throw broken('a pax header is damaged')
    }
    records[bytes.toString('utf8', space + 1, equals)] = bytes.toString('utf8', equals + 1, end - 1)
    at = end
  }
  return records
}

function assertChecksum(block: Buffer): void {
  const sum = block.reduce((all, byte, at) => all + (at >= 148 && at < 156 ? 0x20 : byte), 0)
  if (sum !== numberAt(block, 148, 8)) throw broken('it is no tar archive, or is damaged')
}

/** Octal digits, or binary where the highest bit is set (GNU). @returns undefined for anything else */
function numberAt(block: Buffer, at: number, length: number): number | undefined {
  const first = block.readUInt8(at)
  if (first >= 0x80) {
    const bits = BigInt(`0x${block.toString('hex', at, at + length)}`) & ((1n << BigInt(8 * length - 1)) - 1n)
    const value = first === 0xff ? Number(bits - (1n << BigInt(8 * length - 1))) : Number(bits)
    return Number.isSafeInteger(value) ? value : undefined
  }
  const digits = /^ *([0-7]*)[ \0]*$/.exec(block.toString('latin1', at, at + length))?.[1]
  return digits === undefined ? undefined : Number.parseInt(digits || '0', 8)
}

function textAt(block: Buffer, at: number, length: number): string {
  const end = block.indexOf(0, at)
  return block.toString('utf8', at, end < 0 || end > at + length ? at + length : end)
}

const padding = (bytes: number) => (tarBlockBytes - (bytes % tarBlockBytes)) % tarBlockBytes

const broken = (why: string) => new RuntimeRefusal('invalid_request', `the archive cannot be read: ${why}`)

/** Takes a stream in pieces of any wanted length. */
class Source {
  readonly #chunks: AsyncIterator<Uint8Array>
  #held: Buffer = Buffer.alloc(0)
  /** Of the content of the present entry. */
  #left = 0

  constructor(archive: AsyncIterable<Uint8Array>) {
    this.#chunks = archive[Symbol.asyncIterator]()
  }

  /** The next block; undefined at the end. */
  async block(): Promise<Buffer | undefined> {
    const block = await this.#take(tarBlockBytes)
    if (block.length === 0) return undefined
    if (block.length < tarBlockBytes) throw broken('it ends in the middle of a header')
    return block
  }

  /** Content that is held in memory, with its padding taken off. */
  async whole(bytes: number): Promise<Buffer> {
    if (bytes > headerBytesMax) throw broken(`a header is longer than ${headerBytesMax} bytes`)
    const taken = await this.#take(bytes + padding(bytes))
    if (taken.length < bytes + padding(bytes)) throw broken('it ends in the middle of a header')
    return taken.subarray(0, bytes)
  }

  /** So many bytes, once. */
  content(bytes: number): AsyncGenerator<Uint8Array> {
    this.#left = bytes
    return this.#content()
  }

  /** Skips what was not read of the content, and its padding. */
  async finish(paddingBytes: number): Promise<void> {
    this.#left += paddingBytes
    for await (const _ of this.#content());
  }

  async *#content(): AsyncGenerator<Uint8Array> {
    while (this.#left > 0) {
      if (this.#held.length === 0 && !(await this.#more())) throw broken('it ends in the middle of a file')
      const part = this.#held.subarray(0, this.#left)
      this.#held = this.#held.subarray(part.length)
      this.#left -= part.length
      yield part
    }
  }

  /** Reads what comes after the archive, so that its sender is heard out. */
  async rest(): Promise<void> {
    while (await this.#more()) this.#held = Buffer.alloc(0)
  }

  async #take(bytes: number): Promise<Buffer> {
    while (this.#held.length < bytes && (await this.#more()));
    const taken = this.#held.subarray(0, bytes)
    this.#held = this.#held.subarray(taken.length)
    return taken
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#chunks.next()
    if (done) return false
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    this.#held = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk])
    return true
  }
}
