import { bodyOf } from './answer.js'
import { ConnectionFailed, errorOf } from './errors.js'
import { readEvents } from './events.js'
import type { Http } from './http.js'
import type { SearchEnd, SearchMatch } from './types.js'

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

/** What a search finds, while it does. @param path of the sandbox or volume in the API */
export async function* searchIn(
  http: Http,
  path: string,
  query: string,
  { signal, ...wanted }: SearchOptions & { signal?: AbortSignal },
): AsyncGenerator<SearchMatch, SearchEnd, undefined> {
  const sent = { query, ...wanted }
  const response = await http.send({ method: 'GET', path: `${path}/files/search`, query: sent, signal })
  for await (const { event, data } of readEvents(bodyOf(response))) {
    const said = JSON.parse(data)
    if (event === 'match') yield said
    else if (event === 'end') return said
    else if (event === 'error') throw errorOf(said.code, said.message)
  }
  throw new ConnectionFailed('the search was cut off')
}
