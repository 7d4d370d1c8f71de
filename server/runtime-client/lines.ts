import type { Readable } from 'node:stream'

/** Whole lines; half a one at the end, or a line that breaks, is the end. */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest = ''
  try {
    for await (const chunk of stream.setEncoding('utf8')) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } catch (error) {
    // Only what a stream throws comes here: the other side has gone, or we have aborted.
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}
