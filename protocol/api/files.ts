import { z } from 'zod'
import { insidePath, workingDirectory } from './sandbox.js'

/**
 * Files of a sandbox, at the API and at the runtime. Paths are as a shell inside has them: absolute, or from
 * `/home/user`. They never lead out of the sandbox: `..` stops at its root, links are followed inside it.
 * Bytes that are no UTF-8 are written as `path.ts` says, in all that is sent and answered.
 * All of them work on a running, a paused and a stopped sandbox, but those that say so.
 *
 * | call (after `/sandboxes/:id`) | query or body | answer |
 * |---|---|---|
 * | GET /files | `fileQuery`, `readHeaders` | the bytes, with `content-length`, `last-modified` and `etag`; 206, 304, 416 |
 * | PUT /files | `writeQuery`, `writeHeaders`, bytes | 201 or, when it was there, 200 `fileEntry`, with `etag`; parents are made; 412 |
 * | PUT /files?append=true, or &offset=N | the same | the same; written behind the end; 409 `offset_mismatch` |
 * | DELETE /files | `removeQuery`, `changeHeaders` | 204; 412 |
 * | GET /files/stat | `fileQuery` | `fileEntry`; a link at the end is not followed |
 * | GET /tree | `treeQuery` | `fileTree` |
 * | GET /files/search | `searchQuery` | events: `searchMatch`, `searchEnd`; while it runs, by its own ripgrep |
 * | GET /files/watch | `watchQuery` | events: `watchEvent`; also while it is paused or stopped |
 * | POST /files/move | `moveFile`, `changeHeaders` | `fileEntry`; 412 |
 * | POST /files/copy | `copyFile`, `changeHeaders` | `fileEntry`; with what an archive keeps; 412 |
 * | POST /files/chmod | `changeMode` | `fileEntry`; a link at the end is followed |
 * | POST /files/mkdir | `makeDirectory` | 201 or, when it was there, 200 `fileEntry`; parents are made |
 * | GET /archive | `fileQuery` | a tar of the directory's content, or of the one file |
 * | PUT /archive | `fileQuery`, a tar | 204; unpacked into the directory, which is made |
 */
export const fileQuery = z.object({ path: insidePath })

const octalMode = z
  .string()
  .regex(/^0?[0-7]{3}$/, 'is no mode such as 644')
  .transform((text) => Number.parseInt(text, 8))

export const writeQuery = fileQuery.extend({
  mode: octalMode.optional().describe('permissions in octal; 644 for a new file if absent'),
  append: z
    .enum(['true', 'false'])
    .default('false')
    .describe('behind the end of the file, instead of replacing it; what has arrived stays'),
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .optional()
    .describe('the same, and 409 `offset_mismatch` with `sizeBytes` unless the file ends here'),
})
export type WriteQuery = z.infer<typeof writeQuery>

const tags = /^\s*(\*|(W\/)?"[^"]*"(\s*,\s*(W\/)?"[^"]*")*)\s*$/
const entityTags = z
  .string()
  .max(2048)
  .regex(tags, 'is neither * nor entity tags in double quotes, such as "1a.2b"')

/** Headers of `GET /files`. */
export const readHeaders = z.looseObject({
  range: z.string().max(256).optional().describe('one range of bytes, such as bytes=0-1023 or bytes=-100'),
  'if-range': z
    .string()
    .max(256)
    .optional()
    .describe('an entity tag: the range counts only while the file has it'),
  'if-none-match': entityTags.optional().describe('304 while the file has one of these entity tags'),
})
export type ReadHeaders = z.infer<typeof readHeaders>

/** Headers of `PUT /files`. */
export const writeHeaders = z.looseObject({
  'if-match': entityTags.optional().describe('412 unless the file has one of these entity tags'),
  'if-none-match': entityTags.optional().describe('412 when the file has one of these; *: when it exists'),
})
export type WriteHeaders = z.infer<typeof writeHeaders>

/** Headers of the calls that change a file which is there: `DELETE /files`, and of `from` at `POST /files/move` and `copy`. */
export const changeHeaders = writeHeaders.pick({ 'if-match': true }).loose()
export type ChangeHeaders = z.infer<typeof changeHeaders>

export const removeQuery = fileQuery.extend({
  recursive: z.enum(['true', 'false']).default('false').describe('a directory with all that is in it'),
})

export const treeQuery = fileQuery.extend({
  depth: z.coerce.number().int().min(1).max(32).default(1).describe('levels below the path'),
})

const toEtag = entityTags
  .optional()
  .describe('412 unless the file at `to` has one of these entity tags; with `overwrite`')

export const moveFile = z.strictObject({
  from: insidePath,
  to: insidePath,
  overwrite: z.boolean().default(false),
  toEtag,
})

export const copyFile = z.strictObject({
  from: insidePath,
  to: insidePath,
  overwrite: z.boolean().default(false).describe('a file at `to` gives way; a directory never does'),
  toEtag,
})
export const changeMode = z.strictObject({
  path: insidePath,
  mode: z
    .string()
    .regex(/^[0-7]{3,4}$/, 'is no mode such as 644')
    .describe('permissions in octal, such as 755'),
})

/** The most matches that one search tells of. */
export const searchMatchesMax = 10_000

const flag = z.enum(['true', 'false']).default('false')

/** Query of `GET /sandboxes/{id}/files/search`. */
export const searchQuery = z.object({
  query: z.string().min(1).max(1000).describe('what lines must contain'),
  path: workingDirectory.default('.').describe('the directory or file to search in; must be UTF-8'),
  regex: flag.describe('`query` is a regular expression, as of ripgrep'),
  case: z
    .enum(['smart', 'sensitive', 'insensitive'])
    .default('smart')
    .describe('smart: insensitive as long as `query` has no capital letter'),
  glob: z
    .string()
    .min(1)
    .max(1000)
    .optional()
    .describe('only files whose name matches, such as *.{ts,tsx}; with a ! before it, all others'),
  hidden: flag.describe('hidden files as well, and what .gitignore excludes'),
  limit: z.coerce.number().int().min(1).max(searchMatchesMax).default(1000).describe('lines at most'),
})
export type SearchQuery = z.infer<typeof searchQuery>

/** Event `match`: a line in which something was found. */
export const searchMatch = z.object({
  path: z.string().describe('in the form of all paths'),
  line: z.number().describe('from 1 on'),
  column: z.number().describe('of the first occurrence, from 1 on, in UTF-16 code units'),
  text: z.string().describe('the line; of a long one, the part around the first occurrence'),
  ranges: z
    .array(z.object({ start: z.number(), end: z.number() }))
    .describe('where the occurrences are in `text`, in UTF-16 code units'),
})
export type SearchMatch = z.infer<typeof searchMatch>

/** Event `end`, the last one. */
export const searchEnd = z.object({
  matches: z.number().describe('lines'),
  files: z.number(),
  truncated: z.boolean().describe('there may be more: the limit was reached'),
})
export type SearchEnd = z.infer<typeof searchEnd>

/** The longest time for which a URL is signed: a week. */
export const signedSecondsMax = 7 * 24 * 3600

export const signFile = z.strictObject({
  path: insidePath,
  method: z.enum(['GET', 'PUT']).default('GET').describe('GET reads the file, PUT replaces it'),
  expiresInSeconds: z.int().min(1).max(signedSecondsMax).default(3600),
})

export const signedFile = z.object({
  url: z.url().describe('works without a session or a key; whoever has it has access'),
  method: z.enum(['GET', 'PUT']),
  path: z.string(),
  expiresAt: z.iso.datetime(),
})
export type SignedFile = z.infer<typeof signedFile>

export const signedQuery = z.object({ token: z.string().min(1).max(24_576).describe('as it was signed') })

export const makeDirectory = z.strictObject({ path: insidePath })

export const fileEntry = z.object({
  path: z
    .string()
    .describe(
      'absolute, or relative as it was asked for; a file: URI when it is not UTF-8, such as file:caf%E9',
    ),
  name: z.string().describe('in the same form as path'),
  type: z.enum(['file', 'directory', 'symlink', 'other']).describe('other: a pipe, a socket, a device'),
  sizeBytes: z.number(),
  mode: z.string().describe('permissions in octal, such as 644'),
  uid: z.number().describe('as inside'),
  gid: z.number().describe('as inside'),
  modifiedAt: z.iso.datetime(),
  target: z.string().nullable().describe('what a symlink points to, in the same form as path'),
  etag: z
    .string()
    .nullable()
    .default(null)
    .describe('of a file: another one whenever the file is, with its double quotes; null of all else'),
})
export type FileEntry = z.infer<typeof fileEntry>

/** Entries that one tree call returns. */
export const treeEntriesMax = 10_000

export const fileTree = z.object({
  entries: z.array(fileEntry).describe('parents before what is in them, names in order'),
  truncated: z.boolean().describe(`there are more than ${treeEntriesMax}`),
})
export type FileTree = z.infer<typeof fileTree>
