import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FileEntry } from '../../protocol/api/index.js'
import { Refused } from '../api.js'
import { attributesOf, type Files } from './files.js'
import { type Attributes, maxDataBytes, type Named } from './packet.js'

/** Read at once, and once ahead: a client asks for a file in small pieces, one after the other. */
const blockBytes = 1024 * 1024
const keptBlocks = 3
/** Of a list, in one answer. */
const namesAtOnce = 100

/** A file that is read. */
export class Reading {
  readonly #blocks = new Map<number, Promise<Buffer>>()

  constructor(
    private readonly files: Files,
    private readonly path: Buffer,
  ) {}

  /** @returns no bytes at the end; fewer than asked for at the end of a block, which clients expect */
  async read(offset: number, length: number): Promise<Buffer> {
    const at = Math.floor(offset / blockBytes)
    const within = offset - at * blockBytes
    const block = await this.#block(at)
    if (block.length === blockBytes && within > 0) void this.#block(at + 1).catch(() => {}) // whoever asks for it hears
    return block.subarray(within, Math.min(within + Math.min(length, maxDataBytes), block.length))
  }

  async attributes(): Promise<Attributes> {
    return attributesOf(await this.files.lstat(this.path))
  }

  #block(at: number): Promise<Buffer> {
    const known = this.#blocks.get(at)
    if (known !== undefined) return known
    const read = this.files.read(this.path, at * blockBytes, (at + 1) * blockBytes)
    this.#blocks.set(at, read)
    // Of a file that grows, the end is read again; and what failed.
    read.then(
      ({ length }) => length < blockBytes && setTimeout(() => this.#blocks.delete(at), 1000).unref(),
      () => this.#blocks.delete(at),
    )
    const [oldest] = this.#blocks.keys()
    if (this.#blocks.size > keptBlocks && oldest !== undefined) this.#blocks.delete(oldest)
    return read
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
