import { z } from 'zod'
import { readEvents } from '../../sdk/events'
import { call, order, transfer, Unreachable } from '../lib/api'
import {
  type FileEntry,
  type FileTree,
  fileEntry,
  fileTree,
  type SearchEnd,
  type SearchMatch,
  searchEnd,
  searchMatch,
  type WatchEvent,
  watchEvent,
} from '../lib/protocol'
import { upload } from '../lib/upload'

const refusal = z.object({ message: z.string() })
const nothingSent = { method: 'DELETE' } as const

/** A file as it was read; without its bytes where it is larger than was asked for. */
export interface Content {
  readonly bytes: Uint8Array | null
  readonly sizeBytes: number
  readonly version: string
}

/** The files of one sandbox. Paths are as the API writes them. */
export class FilesClient {
  readonly #base: string

  constructor(sandboxId: string) {
    this.#base = `/sandboxes/${sandboxId}`
  }

  /** What is in a directory; a link to one is followed. */
  list(path: string): Promise<FileTree> {
    return call(fileTree, this.#at('tree', { path }))
  }

  stat(path: string): Promise<FileEntry> {
    return call(fileEntry, this.#at('files/stat', { path }))
  }

  makeDirectory(path: string): Promise<FileEntry> {
    return call(fileEntry, `${this.#base}/files/mkdir`, { method: 'POST', body: { path } })
  }

  /** @throws ApiError with the code `conflict` when something has the new name, unless `overwrite` */
  move(from: string, to: string, overwrite = false): Promise<FileEntry> {
    const body = { from, to, overwrite }
    return call(fileEntry, `${this.#base}/files/move`, { method: 'POST', body })
  }

  /** @param mode permissions in octal */
  chmod(path: string, mode: string): Promise<FileEntry> {
    return call(fileEntry, `${this.#base}/files/chmod`, { method: 'POST', body: { path, mode } })
  }

  /** A file, or a directory with all that is in it. @throws ApiError as `move` does */
  copy(from: string, to: string): Promise<FileEntry> {
    return call(fileEntry, `${this.#base}/files/copy`, { method: 'POST', body: { from, to } })
  }

  /** A file, or a directory with all that is in it. */
  remove(path: string): Promise<void> {
    return order(this.#at('files', { path, recursive: 'true' }), nothingSent)
  }

  /**
   * The bytes of a file; a link is followed.
   *
   * @param version the one that is known: `same` when the file has it still
   * @param bytesMax of a larger file, only the size is read
   */
  async readIfChanged(path: string, version: string | null, bytesMax: number): Promise<Content | 'same'> {
    const response = await transfer(this.#at('files', { path }), {
      cache: 'no-store',
      headers: version === null ? {} : { 'if-none-match': version },
    })
    if (response.status === 304) return 'same'
    const sizeBytes = Number(response.headers.get('content-length') ?? 0)
    if (sizeBytes > bytesMax) {
      await response.body?.cancel()
      return { bytes: null, sizeBytes, version: '' }
    }
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { bytes, sizeBytes: bytes.length, version: response.headers.get('etag') ?? '' }
  }

  /**
   * Lines that contain something, while they are found.
   *
   * @param wanted as the query of the API
   * @throws Error with the words of the search, for a regular expression that is wrong, say
   */
  async *search(
    wanted: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): AsyncGenerator<SearchMatch, SearchEnd> {
    const { body } = await transfer(this.#at('files/search', wanted), { signal })
    if (!body) throw new Unreachable()
    for await (const { event, data } of readEvents(body)) {
      if (event === 'match') yield searchMatch.parse(JSON.parse(data))
      else if (event === 'end') return searchEnd.parse(JSON.parse(data))
      else if (event === 'error') throw new Error(refusal.parse(JSON.parse(data)).message)
    }
    throw new Unreachable()
  }

  /** Changes below a directory, until `signal` ends it. @throws Error when it is refused or breaks off */
  async *watch(path: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { body } = await transfer(this.#at('files/watch', { path }), { signal })
    if (!body) throw new Unreachable()
    for await (const { event, data } of readEvents(body)) {
      if (event === 'error') throw new Error(refusal.parse(JSON.parse(data)).message)
      yield watchEvent.parse({ type: event, ...JSON.parse(data) })
    }
  }

  /**
   * Writes a file whole.
   *
   * @param expected what is to be replaced, by version; a version of null for a file that must not exist; null for whatever
   * is there
   * @throws ApiError with the code `precondition_failed` when something else is there
   */
  async write(
    path: string,
    content: BodyInit,
    expected: { readonly version: string | null } | null,
  ): Promise<FileEntry> {
    const headers = new Headers({ 'content-type': 'application/octet-stream' })
    if (expected?.version) headers.set('if-match', expected.version)
    else if (expected) headers.set('if-none-match', '*')
    const init = { method: 'PUT', headers, body: content }
    return fileEntry.parse(await (await transfer(this.#at('files', { path }), init)).json())
  }

  /**
   * Sends a file from this device, or a piece of one.
   *
   * @param offset behind the end of the file, which must be here; without it the file is replaced
   * @param onProgress is told of the bytes that were sent
   * @throws AbortError (a DOMException) when `signal` ends it
   */
  async upload(
    path: string,
    content: Blob,
    onProgress: (bytes: number) => void,
    signal: AbortSignal,
    offset?: number,
  ): Promise<void> {
    const query = { path, ...(offset === undefined ? {} : { offset: String(offset) }) }
    const type = 'application/octet-stream'
    await upload(this.#at('files', query), content, { method: 'PUT', type, onProgress, signal })
  }

  /** The address that a browser downloads: a file as it is, a directory as a tar archive. */
  downloadUrl(path: string, type: FileEntry['type']): string {
    return `/api/v1${this.#at(type === 'directory' ? 'archive' : 'files', { path })}`
  }

  #at(what: string, query: Record<string, string>): string {
    return `${this.#base}/${what}?${new URLSearchParams(query)}`
  }
}

/** Has the browser store what `url` gives under `name`. */
export function download(url: string, name: string): void {
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
}
