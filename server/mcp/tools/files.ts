import { Readable } from 'node:stream'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { fileTree, treeQuery, writeHeaders, writeQuery } from '../../../protocol/api/index.js'
import { textMax } from '../excerpt.js'
import { readLines } from '../lines.js'
import { tool } from '../tool.js'
import { path, sandbox } from './sandbox.js'

/** Of one file that is written at once. */
export const contentMax = 8 * 1024 * 1024
const entriesMax = 500

const lineNumber = z.int().min(1).max(Number.MAX_SAFE_INTEGER)

export const readFile = tool(
  {
    name: 'read_file',
    title: 'Read a file',
    description:
      `Reads a text file of a sandbox, from start_line on to end_line, at most ${textMax} characters at once; behind the text it says which lines these are and where to go on. ` +
      'To find something in large files, use search_files first.',
    input: z.strictObject({
      sandbox,
      path,
      start_line: lineNumber.default(1).describe('the first line, from 1 on'),
      end_line: lineNumber.optional().describe('the last line; to the end if absent'),
    }),
    annotations: { readOnlyHint: true },
  },
  async ({ who, services }, { sandbox, path, start_line, end_line }) => {
    const content = await services.files.read(who, sandbox, { path }, {})
    const { text, lines, next } = await readLines(content, start_line, end_line, textMax - 1000)
    const last = start_line + lines - 1
    if (lines === 0) return `(${path} has no line ${start_line}; it may be empty or shorter)`
    const more = next === undefined ? 'the file ends here' : `go on with start_line ${next}`
    return [text, `lines ${start_line} to ${last} of ${path}; ${more}`]
  },
)

export const writeFile = tool(
  {
    name: 'write_file',
    title: 'Write a file',
    description:
      'Writes a whole text file in a sandbox: a new one, with the directories above it, or in place of what was there. To change a part of a file, use edit_file.',
    input: z.strictObject({
      sandbox,
      path,
      content: z.string().max(contentMax),
      executable: z.boolean().default(false).describe('so that it can be run as a program'),
    }),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true },
  },
  async ({ who, services }, { sandbox, path, content, executable }) => {
    const query = writeQuery.parse({ path, ...(executable ? { mode: '755' } : {}) })
    const bytes = Buffer.from(content)
    const { created } = await services.files.write(
      ...([who, sandbox, query, writeHeaders.parse({})] as const),
      Readable.from([bytes], { objectMode: false }),
    )
    return `${created ? 'created' : 'replaced'} ${path}, ${bytes.length} bytes`
  },
)

export const listFiles = tool(
  {
    name: 'list_files',
    title: 'List files',
    description:
      'Lists a directory of a sandbox and what is below it, one a line: type, size in bytes, path. Directories come before what is in them.',
    input: z.strictObject({
      sandbox,
      path: path.default('.'),
      depth: z.int().min(1).max(8).default(1).describe('levels below the directory'),
    }),
    annotations: { readOnlyHint: true },
  },
  async ({ who, services }, { sandbox, path, depth }) => {
    const query = treeQuery.parse({ path, depth })
    const { entries, truncated } = fileTree.parse(await json(await services.files.tree(who, sandbox, query)))
    if (entries.length === 0) return `${path} is empty`
    const lines: string[] = []
    let length = 0
    for (const { type, sizeBytes, path, target } of entries) {
      const line = `${type} ${type === 'file' ? sizeBytes : '-'} ${path}${target === null ? '' : ` -> ${target}`}`
      length += line.length + 1
      if (length > textMax - 1000 || lines.length === entriesMax) break
      lines.push(line)
    }
    const left = entries.length - lines.length
    const cut = left > 0 || truncated
    const count = `${left}${truncated ? ' or more' : ''}`
    return [
      lines.join('\n'),
      ...(cut ? [`${count} left out: list a directory below it, or use less depth, or search_files`] : []),
    ]
  },
)
