import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import Negotiator from 'negotiator'

/**
 * Serves the document at `/api/openapi.json`. It is more than 500 KiB of text that anybody may ask for, so it is written once,
 * and sent compressed to whoever takes it so: that is a ninth.
 */
export function serveDocument(app: FastifyInstance): void {
  let written: Promise<{ readonly plain: Buffer; readonly small: Buffer }> | undefined
  const write = async () => {
    const plain = Buffer.from(JSON.stringify(app.swagger()))
    return { plain, small: await promisify(gzip)(plain) }
  }
  app.get('/api/openapi.json', { schema: { hide: true } }, async (request, reply) => {
    written ??= write()
    const { plain, small } = await written
    reply.header('vary', 'accept-encoding').type('application/json; charset=utf-8')
    const takesGzip = new Negotiator(request.raw).encodings(['gzip', 'identity'])[0] === 'gzip'
    return takesGzip ? reply.header('content-encoding', 'gzip').send(small) : reply.send(plain)
  })
}
