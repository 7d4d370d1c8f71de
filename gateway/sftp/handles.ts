import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FileEntry } from '../../protocol/api/index.js'
import { Refused } from '../api.js'
import { attributesOf, type Files } from './files.js'
import { type Attributes, maxDataBytes, type Named } from './packet.js'

/** Read at once: a client asks for a file in small pieces, one after the other. */
const blockBytes = 1024 * 1024
/** Of all files of a session: what is asked for at once (`serve.ts`) is in so many. */
const keptBlocks = 6
/** Of a list, in one answer. */
const namesAtOnce = 100

interface Block {
  readonly bytes: Promise<Buffer>
  /** What of it was handed out. All of it: nobody wants it any more. */
  taken: number
}

/** What was read of the files of a session, and not handed out yet. */
export class Blocks {
  readonly #blocks = new Map<string, Block>()

  /** @param key of the file and of the block */
  get(key: string, read: () => Promise<Buffer>): Block {
    const known = this.#blocks.get(key)
    if (known !== undefined) return known
    const block = { bytes: read(), taken: 0 }
    this.#blocks.set(key, block)
    block.bytes.catch(() => this.forget(key, block)) // whoever waits for it hears
    const [oldest] = this.#blocks.keys()
    if (this.#blocks.size > keptBlocks && oldest !== undefined) this.#blocks.delete(oldest)
    return block
  }

  forget(key: string, block: Block): void {
    if (this.#blocks.get(key) === block) this.#blocks.delete(key)
  }
}

/** A file that is read. */
export class Reading {
  constructor(
    private readonly files: Files,
    private readonly path: Buffer,
    private readonly blocks: Blocks,
    /** Names it among the files of the session. */
    private readonly number: number,
  ) {}

  /**
   * @returns fewer bytes than asked for at the end of the file only: after an answer that is shorter in the middle of one, OpenSSH cuts
   * off what it has written behind it
   */
  async read(offset: number, length: number): Promise<Buffer> {
    const end = offset + Math.min(length, maxDataBytes)
    const first = Math.floor(offset / blockBytes)
    const last = Math.floor((end - 1) / blockBytes)
    const parts = await Promise.all(
      Array.from({ length: last - first + 1 }, (_, at) => this.#part(first + at, offset, end)),
    )
    const whole = parts.findIndex(({ isEnd }) => isEnd)
    return Buffer.concat(parts.slice(0, whole < 0 ? parts.length : whole + 1).map(({ bytes }) => bytes))
  }

  /** What of a block is from `offset` on and before `end`. */
  async #part(at: number, offset: number, end: number): Promise<{ bytes: Buffer; isEnd: boolean }> {
    const begin = at * blockBytes
    const key = `${this.number} ${at}`
    const block = this.blocks.get(key, () => this.files.read(this.path, begin, begin + blockBytes))
    const whole = await block.bytes
    const bytes = whole.subarray(
      Math.max(0, offset - begin),
      Math.max(0, Math.min(end - begin, whole.length)),
    )
    const isEnd = whole.length < blockBytes
    block.taken += bytes.length
    // The end is read again: the file may grow.
    if (block.taken >= whole.length || isEnd) this.blocks.forget(key, block)
    return { bytes, isEnd }
  }

  async attributes(): Promise<Attributes> {
    return attributesOf(await this.files.lstat(this.path))
  }
}

/**
 * A file that is written, from its beginning or behind its end. The API writes whole files, so that nobody sees half of one, and appends:
 * in the middle of one that is there nothing is changed.
 */
export class Writing {
  #body: PassThrough | undefined
  #written: Promise<void> = Promise.resolve()
  #failure: Error | undefined
  #next: number
  readonly #broken = new AbortController()
  /** Set while it was open, and done when it is closed. */
  readonly #wanted: { mode?: number; mtime?: number } = {}
  readonly #appends: boolean

  /** @param from where it begins; undefined: it replaces what is there @param mode in octal, of a new file */
  constructor(
    private readonly files: Files,
    private readonly path: Buffer,
    from: number | undefined,
    private readonly mode: string | undefined,
    /** Wherever the client says, it goes behind the end. */
    private readonly behind: boolean,
  ) {
    this.#appends = from !== undefined
    this.#next = from ?? 0
  }

  /** In the order in which they come. @throws Refused */
  async write(offset: number, bytes: Buffer): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (!this.behind && offset !== this.#next) {
      throw new Refused(
        400,
        'unsupported',
        'files are written from the beginning or behind the end; nothing is changed in the middle of one',
      )
    }
    const body = this.#body ?? this.#begin()
    this.#next += bytes.length
    if (body.write(bytes)) return
    await Promise.race([once(body, 'drain'), this.#written])
    if (this.#failure !== undefined) throw this.#failure
  }

  async attributes(): Promise<Attributes> {
    const entry = await this.files.find(this.path)
    const there = entry === undefined ? { mode: 0o100644 } : attributesOf(entry.entry)
    return { ...there, size: this.#next }
  }

  async change({ mode, mtime, size }: Attributes): Promise<void> {
    if (size !== undefined && size !== this.#next) {
      throw new Refused(400, 'unsupported', 'a file that is being written is not cut')
    }
    Object.assign(this.#wanted, mode === undefined ? {} : { mode }, mtime === undefined ? {} : { mtime })
  }

  /** @throws Refused when not all of it was written */
  async close(): Promise<void> {
    if (this.#body === undefined && !this.#appends) this.#begin()
    this.#body?.end()
    await this.#written
    if (this.#failure !== undefined) throw this.#failure
    if (Object.keys(this.#wanted).length > 0) await this.files.change(this.path, this.#wanted)
  }

  /** The client has gone: what is replaced stays as it was. */
  abandon(): void {
    this.#broken.abort()
  }

  #begin(): PassThrough {
    const body = new PassThrough({ highWaterMark: blockBytes })
    body.on('error', () => {}) // as the call says
    this.#body = body
    const how = { mode: this.mode, offset: this.#appends ? this.#next : undefined }
    this.#written = this.files.write(this.path, body, how, this.#broken.signal).catch((error: unknown) => {
      this.#failure = error instanceof Error ? error : new Error(String(error))
      body.destroy()
    })
    return body
  }
}

/** A directory that is listed. */
export class Listing {
  #at = 0

  constructor(
    private readonly names: readonly Named[],
    private readonly whole: boolean,
  ) {}

  /** @returns undefined at the end @throws Refused at the end of what is only the beginning */
  next(): readonly Named[] | undefined {
    const some = this.names.slice(this.#at, this.#at + namesAtOnce)
    this.#at += some.length
    if (some.length > 0) return some
    if (this.whole) return undefined
    throw new Refused(
      400,
      'unsupported',
      `there are more than ${this.names.length} entries in this directory`,
    )
  }
}

export type Handle = Reading | Writing | Listing

/** What may be done with a file that is there. @throws Refused */
export function assertFile({ type }: FileEntry): void {
  if (type === 'file') return
  throw new Refused(400, 'invalid_request', type === 'directory' ? 'it is a directory' : 'it is no file')
}
