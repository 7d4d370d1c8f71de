import type { Readable } from 'node:stream'
import { ApiError } from '../errors.js'
import { beginningOf } from './excerpt.js'

/** Lines of a file. */
export interface Lines {
  /** Without the line feed at its end. */
  readonly text: string
  /** How many lines it has. */
  readonly lines: number
  /** Where to go on; undefined when the file ends here. */
  readonly next: number | undefined
}

/**
 * Reads lines of a text file and no more of it than is needed.
 * @param first the first line, from 1 on
 * @param last the last one; undefined: to the end
 * @param max code units at most. A line that is longer is cut, and says so
 * @throws ApiError `invalid_request` when it is not text
 */
export async function readLines(
  content: Readable,
  first: number,
  last: number | undefined,
  max: number,
): Promise<Lines> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const kept: string[] = []
  let [line, length, rest, restLength, full] = [1, 0, '', 0, false]
  const end = () => {
    if (line >= first) {
      const shown =
        restLength > rest.length
          ? `${beginningOf(rest, max)} [… the line has ${restLength} characters …]`
          : rest
      full = kept.length > 0 && length + shown.length + 1 > max
      if (full) return
      kept.push(shown)
      length += shown.length + 1
    }
    line++
    rest = ''
    restLength = 0
  }
  const isOver = () => full || (last !== undefined && line > last)
  const take = (text: string) => {
    let from = 0
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      add(text.slice(from, to))
      from = to + 1
      end()
      if (isOver()) return
    }
    add(text.slice(from))
  }
  const add = (piece: string) => {
    restLength += piece.length
    if (line >= first && rest.length < max) rest += piece.slice(0, max - rest.length)
  }
  try {
    for await (const chunk of content) {
      const bytes: Buffer = chunk
      if (bytes.includes(0)) {
        throw new ApiError(
          'invalid_request',
          'the file is not text; look at it with run_command, for example with `file` and `xxd`',
        )
      }
      take(decoder.decode(bytes, { stream: true }))
      if (isOver()) return { text: kept.join('\n'), lines: kept.length, next: line }
    }
  } finally {
    content.destroy()
  }
  if (restLength > 0) end()
  return { text: kept.join('\n'), lines: kept.length, next: full ? line : undefined }
}
