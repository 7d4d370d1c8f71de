import { bodyOf } from './answer.js'
import { ConnectionFailed, errorOf } from './errors.js'
import { readEvents } from './events.js'
import type { Http } from './http.js'
import { type SearchOptions, searchIn } from './search.js'
import { StoredFiles } from './stored-files.js'
import type { SearchEnd, SearchMatch, SignedFile, WatchEvent } from './types.js'

/**
 * The files of one sandbox. Paths are as a shell inside has them: absolute, or from `/home/user`; they never lead
 * out of the sandbox. All of it works while the sandbox runs, while it is paused and while it is stopped.
 *
 * @example
 * await sandbox.files.write('notes/today.txt', 'water the plants\n')
 * console.log(await sandbox.files.readText('notes/today.txt'))
 * for (const { path, type } of (await sandbox.files.list('.', { depth: 2 })).entries) console.log(type, path)
 */
export class Files extends StoredFiles {
  readonly #http: Http
  readonly #path: string

  /** @internal */
  constructor(http: Http, sandboxId: string) {
    super(http, `/sandboxes/${sandboxId}`)
    this.#http = http
    this.#path = `/sandboxes/${sandboxId}`
  }

  /**
   * Lines of files that contain `query`, while they are found. Whoever stops reading ends the search.
   * By the ripgrep of the sandbox, which may be paused or stopped and stays so.
   *
   * @returns how much was found
   * @throws InvalidRequest for a regular expression or a path that is wrong
   * @example
   * for await (const { path, line, text } of sandbox.files.search('import', { glob: '*.py' }))
   *   console.log(`${path}:${line}: ${text}`)
   */
  search(
    query: string,
    options: SearchOptions & { signal?: AbortSignal } = {},
  ): AsyncGenerator<SearchMatch, SearchEnd, undefined> {
    return searchIn(this.#http, this.#path, query, options)
  }

  /**
   * Changes of files and directories, whoever makes them, until the reader stops. `ready` comes first: what is read
   * after it and changed by what follows is up to date. After `rescan` everything must be read again: there were more
   * changes than could be told. `complete` is false when there are too many directories to follow all of them.
   *
   * It goes on while the sandbox is paused, stopped and started. `end` comes when the directory or the sandbox is gone; then this returns.
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
}
