import { bodyOf } from './answer.js'
import { toText } from './bytes.js'
import { FileNotFound, InvalidRequest } from './errors.js'
import type { Content, Http } from './http.js'
import type { FileEntry, FileTree } from './types.js'

/** Bytes of a file, as of `slice`. */
export interface ByteRange {
  /** Negative counts from the end. */
  readonly start: number
  /** The first byte that is not wanted any more; the end of the file if absent. */
  readonly end?: number
}

/** How a file is moved or copied. */
export interface TransferOptions {
  /** A file at the new path gives way. */
  readonly overwrite?: boolean
  /** Only while the file at the old path has this `etag`. */
  readonly ifMatch?: string
  /** With `overwrite`: only while the file at the new path has this `etag`. */
  readonly toEtag?: string
}

/** Files of a sandbox or a volume, by their paths. */
export class StoredFiles {
  readonly #http: Http
  readonly #path: string

  /**
   * @internal
   * @param path of the API, below which the calls are
   */
  constructor(http: Http, path: string) {
    this.#http = http
    this.#path = path
  }

  /**
   * @param options `range`: only these bytes
   * @throws FileNotFound
   * @throws RangeNotSatisfiable
   */
  async read(path: string, options: { range?: ByteRange; signal?: AbortSignal } = {}): Promise<Uint8Array> {
    return (await this.readWithEtag(path, options)).content
  }

  /**
   * A file with its entity tag, for a write that replaces exactly this one: `write(path, content, { ifMatch: etag })`.
   * @throws FileNotFound
   * @throws RangeNotSatisfiable
   */
  async readWithEtag(
    path: string,
    options: { range?: ByteRange; signal?: AbortSignal } = {},
  ): Promise<{ content: Uint8Array; etag: string }> {
    const { range, signal } = options
    const response = await this.#get('files', path, signal, range)
    const content = new Uint8Array(await response.arrayBuffer())
    return { content, etag: response.headers.get('etag') ?? '' }
  }

  /** The file as UTF-8. @throws FileNotFound */
  async readText(path: string): Promise<string> {
    return toText(await this.read(path))
  }

  /** For files that are too big to hold. @throws FileNotFound */
  async readStream(
    path: string,
    signal?: AbortSignal,
    range?: ByteRange,
  ): Promise<ReadableStream<Uint8Array>> {
    return bodyOf(await this.#get('files', path, signal, range))
  }

  /**
   * Writes a whole file, with the directories above it. What was there before stays until all has arrived.
   * @param options `mode` is permissions in octal, such as `755`; `644` for a new file. `ifMatch`: only while the file
   *   has this `etag`. `ifNew`: only when nothing is there
   * @throws NoRoom
   * @throws PreconditionFailed when somebody else was faster
   */
  async write(
    path: string,
    content: Content,
    options: { mode?: string; ifMatch?: string; ifNew?: boolean; signal?: AbortSignal } = {},
  ): Promise<FileEntry> {
    const { mode, ifMatch, ifNew, signal } = options
    const headers = {
      ...ifMatchHeader(ifMatch),
      ...(ifNew ? { 'if-none-match': '*' } : {}),
    }
    return this.#http.json({
      ...{
        method: 'PUT',
        path: `${this.#path}/files`,
        query: { path, mode },
        headers,
        once: ifMatch !== undefined || ifNew === true,
        body: content,
        signal,
      },
    })
  }

  /**
   * Writes behind the end of a file, which is made if it is missing. What has arrived stays, also when the rest does
   * not come: `offset` is where the file must end, so that an upload goes on where it broke off.
   * @param options `mode` is of a new file
   * @throws OffsetMismatch whose `sizeBytes` says where to go on
   * @throws NoRoom
   */
  async append(
    path: string,
    content: Content,
    options: { offset?: number; mode?: string; signal?: AbortSignal } = {},
  ): Promise<FileEntry> {
    const { offset, mode, signal } = options
    const query = { path, mode, append: true, offset }
    return this.#http.json({
      ...{ method: 'PUT', path: `${this.#path}/files`, query, body: content, signal, once: true },
    })
  }

  /** Describes what is at a path; a link itself, not what it points to. @throws FileNotFound */
  async stat(path: string): Promise<FileEntry> {
    return this.#http.json({ method: 'GET', path: `${this.#path}/files/stat`, query: { path } })
  }

  async exists(path: string): Promise<boolean> {
    try {
      await this.stat(path)
      return true
    } catch (error) {
      if (error instanceof FileNotFound) return false
      throw error
    }
  }

  /** What is in a directory. @param options `depth` is levels below it: 1 if absent, at most 32 */
  async list(path = '.', options: { depth?: number } = {}): Promise<FileTree> {
    return this.#http.json({ method: 'GET', path: `${this.#path}/tree`, query: { path, ...options } })
  }

  /** Makes a directory with those above it; fine when it is there already. */
  async mkdir(path: string): Promise<FileEntry> {
    return this.#http.json({ method: 'POST', path: `${this.#path}/files/mkdir`, json: { path } })
  }

  /**
   * @throws Conflict when something is at `to`, unless `overwrite`
   * @throws PreconditionFailed
   */
  async move(from: string, to: string, options: TransferOptions = {}): Promise<FileEntry> {
    return this.#transfer('move', from, to, options)
  }

  /**
   * Copies a file, a link or a directory with all that is in it. It appears when it is whole.
   * @param options `overwrite`: a file at `to` gives way; a directory never does
   * @throws Conflict when something is at `to`
   * @throws PreconditionFailed also when the file at `from` changes while it is copied
   */
  async copy(from: string, to: string, options: TransferOptions = {}): Promise<FileEntry> {
    return this.#transfer('copy', from, to, options)
  }

  /** @param mode permissions in octal, such as `755` */
  async chmod(path: string, mode: string): Promise<FileEntry> {
    return this.#http.json({ method: 'POST', path: `${this.#path}/files/chmod`, json: { path, mode } })
  }

  /**
   * @param options `recursive`: a directory with all that is in it. `ifMatch`: only while the file has this `etag`
   * @throws FileNotFound
   * @throws PreconditionFailed
   */
  async remove(path: string, options: { recursive?: boolean; ifMatch?: string } = {}): Promise<void> {
    const { recursive, ifMatch } = options
    const call = { method: 'DELETE', path: `${this.#path}/files`, query: { path, recursive } } as const
    await this.#http.done({ ...call, headers: ifMatchHeader(ifMatch), once: ifMatch !== undefined })
  }

  /** A directory's content, or one file, as a tar that is made while it is read. @throws FileNotFound */
  async pack(path: string, signal?: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    return bodyOf(await this.#get('archive', path, signal))
  }

  /** Unpacks a tar into a directory, which is made if it is not there. */
  async unpack(path: string, tar: Content, signal?: AbortSignal): Promise<void> {
    await this.#http.done({
      ...{ method: 'PUT', path: `${this.#path}/archive`, query: { path }, body: tar, signal },
    })
  }

  #transfer(what: 'move' | 'copy', from: string, to: string, options: TransferOptions): Promise<FileEntry> {
    const { ifMatch, ...wanted } = options
    return this.#http.json({
      ...{ method: 'POST', path: `${this.#path}/files/${what}`, json: { from, to, ...wanted } },
      headers: ifMatchHeader(ifMatch),
    })
  }

  #get(what: string, path: string, signal?: AbortSignal, range?: ByteRange): Promise<Response> {
    const headers = range === undefined ? {} : { range: rangeHeader(range) }
    return this.#http.send({ method: 'GET', path: `${this.#path}/${what}`, query: { path }, headers, signal })
  }
}

const ifMatchHeader = (etag: string | undefined) => (etag === undefined ? {} : { 'if-match': etag })

function rangeHeader({ start, end }: ByteRange): string {
  if (start < 0 && end === undefined) return `bytes=${start}`
  if (start >= 0 && (end === undefined || end > start)) {
    return `bytes=${start}-${end === undefined ? '' : end - 1}`
  }
  const why = start < 0 ? 'a start from the end has no end' : 'its end is not behind its start'
  throw new InvalidRequest('invalid_request', `the range ${start} to ${end} cannot be read: ${why}`)
}
