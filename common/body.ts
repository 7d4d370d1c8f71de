import type { Readable } from 'node:stream'

/**
 * The pieces of a request's body. Stopping early leaves the connection open for an answer; what still comes is thrown
 * away, for the next call of a connection that is kept comes behind it, and would wait for ever.
 */
export async function* piecesOf(body: Readable): AsyncGenerator<Buffer, void> {
  try {
    yield* body.iterator({ destroyOnReturn: false })
  } finally {
    body.resume()
  }
}
