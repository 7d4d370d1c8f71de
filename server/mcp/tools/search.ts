import { text } from 'node:stream/consumers'
import { z } from 'zod'
import {
  errorCode,
  pathTextMax,
  searchEnd,
  searchMatch,
  searchQuery,
  workingDirectory,
} from '../../../protocol/api/index.js'
import { ApiError } from '../../errors.js'
import { textMax } from '../excerpt.js'
import { tool } from '../tool.js'
import { sandbox } from './sandbox.js'

const refused = z.object({ code: errorCode, message: z.string() })

export const searchFiles = tool(
  {
    name: 'search_files',
    title: 'Search in files',
    description:
      'Finds the lines that contain a text in the files of a sandbox, one a line: path:line: text. Uses ripgrep: what .gitignore excludes and hidden files are left out unless hidden is set. ' +
      'Letter case counts only when query has a capital letter. To find files by name, use list_files, or run_command with find.',
    input: z.strictObject({
      sandbox,
      query: searchQuery.shape.query.describe('what lines must contain'),
      path: workingDirectory.default('.').describe('the directory or file to search in'),
      regex: z.boolean().default(false).describe('query is a regular expression, as of ripgrep'),
      glob: z
        .string()
        .min(1)
        .max(1000)
        .optional()
        .describe('only files whose name matches, such as *.{ts,tsx}; with a ! before it, all others'),
      hidden: z.boolean().default(false),
      limit: z.int().min(1).max(500).default(100).describe('lines at most'),
    }),
    annotations: { readOnlyHint: true },
  },
  async (context, { sandbox, query, path, regex, glob, hidden, limit }) => {
    const { who, services, signal } = context
    const wanted = searchQuery.parse({
      ...{ query, path, limit, regex: String(regex), hidden: String(hidden) },
      ...(glob === undefined ? {} : { glob }),
    })
    const events = await services.files.search(who, sandbox, wanted, signal)
    const held = await services.sandboxes.hold(who, sandbox, () => context.cancel())
    try {
      return described(await text(events))
    } finally {
      held.release()
    }
  },
)

/** @param events as `FileService.search` tells them */
function described(events: string): string | readonly string[] {
  const lines: string[] = []
  let [length, left] = [0, 0]
  let end: z.infer<typeof searchEnd> | undefined
  for (const [, name, data = ''] of events.matchAll(/^event: (\w+)\ndata: (.*)$/gm)) {
    const value: unknown = JSON.parse(data)
    if (name === 'error') {
      const { code, message } = refused.parse(value)
      throw new ApiError(code, message)
    }
    if (name === 'end') end = searchEnd.parse(value)
    if (name !== 'match') continue
    const { path, line, text } = searchMatch.parse(value)
    const shown = `${path.slice(0, pathTextMax)}:${line}: ${text}`
    length += shown.length + 1
    if (length > textMax - 1000) left++
    else lines.push(shown)
  }
  if (end === undefined) throw new ApiError('runtime_unavailable', 'the search was cut off; try again')
  if (lines.length === 0) return 'nothing found'
  const cut = left > 0 || end.truncated
  return [
    lines.join('\n'),
    `${lines.length} lines in ${end.files} files${cut ? '; there may be more: search for something narrower, or in one directory' : ''}`,
  ]
}
