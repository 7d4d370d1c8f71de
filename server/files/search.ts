import { PassThrough, type Readable } from 'node:stream'
import { z } from 'zod'
import {
  type ErrorCode,
  type ExecRequest,
  execExit,
  pathText,
  plainPath,
  type SearchEnd,
  type SearchMatch,
  type SearchQuery,
} from '../../protocol/api/index.js'
import { type Frame, frameType } from '../../protocol/node/index.js'
import type { FrameStream } from '../runtime-client/frame-stream.js'

/** What is shown of a long line, and how much of that stands before the first occurrence. */
const [shownMax, shownBefore] = [500, 100]
/** A line of the program's output, which holds a line of a file. */
const lineBytesMax = 8 * 1024 * 1024
const complaintMax = 1000
const searchMs = 60_000

/** Text that is UTF-8, or bytes in base64. @see https://docs.rs/grep-printer/latest/grep_printer/struct.JSON.html */
const data = z.union([z.object({ text: z.string() }), z.object({ bytes: z.base64() })])
const told = z.union([
  z.object({
    type: z.literal('match'),
    data: z.object({
      path: data,
      lines: data,
      line_number: z.number(),
      submatches: z.array(z.object({ start: z.number(), end: z.number() })).min(1),
    }),
  }),
  z.object({ type: z.enum(['begin', 'context', 'end', 'summary']) }),
])

/** The command inside that searches: by the sandbox's own ripgrep, as its user and within its limits. */
export function searchCommand(wanted: SearchQuery): ExecRequest {
  const { query, path, regex, case: letters, glob, hidden } = wanted
  const cases = { smart: '--smart-case', sensitive: '--case-sensitive', insensitive: '--ignore-case' }
  const command = ['rg', '--json', '--no-config', cases[letters], `--regexp=${query}`]
  if (regex === 'false') command.push('--fixed-strings')
  if (hidden === 'true') command.push('--hidden', '--no-ignore')
  if (glob !== undefined) command.push(`--glob=${glob}`)
  return {
    ...{ command: [...command, '--', plainPath(path)], encoding: 'utf8', user: 'user', timeoutMs: searchMs },
  }
}

/**
 * What the command has found, as server-sent events: `match` for each line, then `end`, or `error` with `code` and
 * `message`. Whoever has enough closes the stream, which ends the command.
 * @param told what people call a path of the sandbox that searches, and of its complaints
 */
export function searchEvents(
  stream: FrameStream,
  limit: number,
  told: (path: string) => string = (path) => path,
): Readable {
  const events = new PassThrough()
  events.once('close', () => stream.destroy())
  void new Search(stream, events, limit, told).run()
  return events
}

class Search {
  readonly #files = new Set<string>()
  #matches = 0
  #rest = Buffer.alloc(0)
  #complaint = ''

  constructor(
    private readonly stream: FrameStream,
    private readonly events: PassThrough,
    private readonly limit: number,
    private readonly told: (path: string) => string,
  ) {}

  async run(): Promise<void> {
    try {
      for await (const { type, payload } of this.stream as AsyncIterable<Frame>) {
        if (type === frameType.stdout) await this.#read(payload)
        else if (type === frameType.stderr) this.#complaint += payload.toString()
        else await this.#end(execExit.parse(JSON.parse(payload.toString())).exitCode)
        this.#complaint = this.#complaint.slice(0, complaintMax)
        if (this.#matches >= this.limit) {
          await this.#send('end', this.#summary(true))
          break
        }
      }
    } catch (error) {
      // The runtime went away, the reader did, or what is called rg is something else.
      const message = error instanceof NotRipgrep ? error.message : 'the search was cut off; try again'
      await this.#fail(error instanceof NotRipgrep ? 'invalid_request' : 'runtime_unavailable', message)
    }
    this.events.end()
  }

  async #read(bytes: Buffer): Promise<void> {
    const all = Buffer.concat([this.#rest, bytes])
    let from = 0
    for (let to = all.indexOf(10); to !== -1; to = all.indexOf(10, from)) {
      const match = matchOf(all.subarray(from, to))
      from = to + 1
      if (match === undefined) continue
      if (this.#matches >= this.limit) break
      this.#matches++
      this.#files.add(match.path)
      await this.#send('match', { ...match, path: this.told(match.path) })
    }
    this.#rest = all.subarray(from)
    if (this.#rest.length > lineBytesMax) throw new NotRipgrep()
  }

  /** 0: found, 1: nothing found, 2: complained; what it has found counts all the same. */
  async #end(exitCode: number | null): Promise<void> {
    if (exitCode === 0 || exitCode === 1) return this.#send('end', this.#summary(false))
    if (exitCode === 2 && this.#matches > 0) return this.#send('end', this.#summary(true))
    const words = this.told(this.#complaint.trim().replace(/^rg: /, ''))
    const late = exitCode === null ? `it took more than ${searchMs / 1000} seconds, or was killed` : ''
    await this.#fail('invalid_request', `the search failed: ${words || late || `exit code ${exitCode}`}`)
  }

  #summary(truncated: boolean): SearchEnd {
    return { matches: this.#matches, files: this.#files.size, truncated }
  }

  #fail(code: ErrorCode, message: string): Promise<void> {
    return this.#send('error', { code, message })
  }

  async #send(name: string, value: object): Promise<void> {
    if (this.events.destroyed) return
    if (this.events.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`)) return
    await new Promise((resolve) => this.events.once('drain', resolve).once('close', resolve))
  }
}

class NotRipgrep extends Error {
  constructor() {
    super('the program `rg` of this sandbox is not ripgrep, or is too old')
  }
}

/** @returns undefined for a line that tells of something else. @throws NotRipgrep */
function matchOf(line: Buffer): SearchMatch | undefined {
  const parsed = told.safeParse(safeJson(line.toString()))
  if (!parsed.success) throw new NotRipgrep()
  if (parsed.data.type !== 'match') return undefined
  const { path, lines, line_number, submatches } = parsed.data.data
  const bytes = bytesOf(lines)
  const at = (byte: number) => bytes.subarray(0, byte).toString().length
  const found = submatches.map(({ start, end }) => ({ start: at(start), end: at(end) }))
  const text = bytes.toString().replace(/\r?\n$/, '')
  const first = found[0]?.start ?? 0
  const from = text.length <= shownMax ? 0 : Math.max(0, first - shownBefore)
  const shown = text.slice(from, from + shownMax)
  return {
    path: pathText(bytesOf(path)).replace(/^\.\//, ''),
    ...{ line: line_number, column: first + 1, text: shown },
    ranges: found
      .map(({ start, end }) => ({ start: start - from, end: Math.min(end - from, shown.length) }))
      .filter(({ start }) => start < shown.length),
  }
}

const bytesOf = (said: z.infer<typeof data>): Buffer =>
  'text' in said ? Buffer.from(said.text) : Buffer.from(said.bytes, 'base64')

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
