import { homePath } from '../files/paths'

/** What of a workspace an address shows. */
export interface DeepLink {
  /** A file that is opened, by its absolute path. */
  readonly file: string | null
  readonly line: number | null
  /** The id of a terminal that is shown. */
  readonly terminal: string | null
}

/** Reads `?file=src/main.py&line=3&terminal=tm_…`; a path that is not absolute is from the home directory. */
export function parseDeepLink(search: string): DeepLink {
  const query = new URLSearchParams(search)
  const file = query.get('file') || null
  const line = /^\d{1,9}$/.exec(query.get('line') ?? '')?.[0]
  return {
    file: file === null || /^(\/|file:)/.test(file) ? file : `${homePath}/${file}`,
    line: line === undefined ? null : Number(line),
    terminal: query.get('terminal') || null,
  }
}

/** The address of a line of a file. */
export function linkTo(page: string, file: string, line: number): string {
  const url = new URL(page)
  url.search = String(new URLSearchParams({ file, line: String(line) }))
  url.hash = ''
  return url.href
}
