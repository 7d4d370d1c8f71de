import { bodyOf } from './answer.js'
import { toText } from './bytes.js'
import { ConnectionFailed, errorOf, FileNotFound, InvalidRequest } from './errors.js'
import { readEvents } from './events.js'
import type { Content, Http } from './http.js'
import type { FileEntry, FileTree, SearchEnd, SearchMatch, SignedFile, WatchEvent } from './types.js'

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

/** Where and how to search. */
export interface SearchOptions {
  /** The directory or file to search in: `.` if absent. */
  readonly path?: string
  /** The query is a regular expression, as of ripgrep. */
  readonly regex?: boolean
  /** `smart` if absent: insensitive as long as the query has no capital letter. */
  readonly case?: 'smart' | 'sensitive' | 'insensitive'
  /** Only files whose name matches, such as `*.{ts,tsx}`; with a `!` before it, all others. */
  readonly glob?: string
  /** Hidden files as well, and what .gitignore excludes. */
  readonly hidden?: boolean
  /** Lines at most: 1000 if absent, up to 10,000. */
  readonly limit?: number
}

/**
 * The files of one sandbox. Paths are as a shell inside has them: absolute, or from `/home/user`; they never lead
 * out of the sandbox. All of it works while the sandbox runs, while it is paused and while it is stopped.
 *
 * @example
 * await sandbox.files.write('notes/today.txt', 'water the plants\n')
 * console.log(await sandbox.files.readText('notes/today.txt'))
 * for (const { path, type } of (await sandbox.files.list('.', { depth: 2 })).entries) console.log(type, path)
 */
export class Files {
  readonly #http: Http
  readonly #path: string

  /** @internal */
  constructor(http: Http, sandboxId: string) {
    this.#http = http
    this.#path = `/sandboxes/${sandboxId}`
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

  /**
   * Lines of files that contain `query`, while they are found. Whoever stops reading ends the search.
   * By the ripgrep of the sandbox, which must run; one that is asleep is woken.
   *
   * @returns how much was found
   * @throws InvalidRequest for a regular expression or a path that is wrong
   * @example
   * for await (const { path, line, text } of sandbox.files.search('import', { glob: '*.py' }))
   *   console.log(`${path}:${line}: ${text}`)
   */
  async *search(
    query: string,
    options: SearchOptions & { signal?: AbortSignal } = {},
  ): AsyncGenerator<SearchMatch, SearchEnd, undefined> {
    const { signal, ...wanted } = options
    const path = `${this.#path}/files/search`
    const response = await this.#http.send({ method: 'GET', path, query: { query, ...wanted }, signal })
    for await (const { event, data } of readEvents(bodyOf(response))) {
      const said = JSON.parse(data)
      if (event === 'match') yield said
      else if (event === 'end') return said
      else if (event === 'error') throw errorOf(said.code, said.message)
    }
    throw new ConnectionFailed('the search was cut off')
  }

  /**
   * Changes of files and directories, whoever makes them, until the reader stops. `ready` comes first: what is read
   * after it and changed by what follows is up to date. After `rescan` everything must be read again: there were more
   * changes than could be told. `complete` is false when there are too many directories to follow all of them.
   *
   * The sandbox must run or be paused. `end` comes when it stops, or when the directory is gone; then this returns.
   *
   * @param path the directory: `/home/user` if absent
   * @param options `recursive`: with all directories below it, which is so if absent
   * @throws ConnectionFailed when the connection breaks: watch again, and read everything again
   * @example
   * for await (const event of sandbox.files.watch()) {
   *   if (event.type === 'ready') await sandbox.files.write('notes/new.txt', 'seen')
   *   if (event.type !== 'change') continue
   *   for (const { type, path } of event.changes) console.log(type, path)
   *   break
   * }
   */
  async *watch(
    path?: string,
    options: { recursive?: boolean; signal?: AbortSignal } = {},
  ): AsyncGenerator<WatchEvent, void, undefined> {
    const { signal, recursive } = options
    const response = await this.#http.send({
      ...{ method: 'GET', path: `${this.#path}/files/watch`, query: { path, recursive }, signal },
    })
    for await (const { event, data } of readEvents(bodyOf(response))) {
      const said = JSON.parse(data)
      if (event === 'error') throw errorOf(said.code, said.message)
      yield { type: event, ...said }
      if (event === 'end') return
    }
    throw new ConnectionFailed('the watch was cut off')
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
   * A URL that reads or replaces this one file without a key, until it expires or the sandbox is deleted.
   * @param options `method`: `GET` if absent. `expiresInSeconds`: an hour if absent, at most a week
   */
  async signUrl(
    path: string,
    options: { method?: 'GET' | 'PUT'; expiresInSeconds?: number } = {},
  ): Promise<SignedFile> {
    return this.#http.json({
      ...{ method: 'POST', path: `${this.#path}/files/sign`, json: { path, ...options } },
    })
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
