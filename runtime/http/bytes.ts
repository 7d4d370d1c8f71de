import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { piecesOf } from '../../common/body.js'

/** The routes of `app` take bodies of any length as they arrive, see `bytesOf`. */
export function takeBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { bodyLimit: Number.MAX_SAFE_INTEGER }, (_, payload, done) =>
    done(null, payload),
  )
}

/** The body as it arrives, see `piecesOf`. */
export const bytesOf = (request: FastifyRequest): AsyncGenerator<Uint8Array, void> => piecesOf(request.raw)

/**
 * Sends a stream as the body. One that breaks, or is shorter than was promised, breaks the connection: an end in
 * good order would say that this was all.
 */
export async function sendBytes(
  content: Readable,
  response: ServerResponse,
  promised?: number,
): Promise<void> {
  let sent = 0
  content.on('data', (chunk: Buffer) => {
    sent += chunk.length
  })
  try {
    await pipeline(content, response, { end: false })
  } catch {
    response.destroy() // the reader has gone, or is told so
    return
  }
  if (promised !== undefined && sent !== promised) response.destroy()
  else response.end()
}
