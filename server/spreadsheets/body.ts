import type { FastifyInstance } from 'fastify'
import { ApiError } from '../errors.js'

/** Has the routes of a plugin take files from spreadsheets as their body, of so many bytes at most. */
export function acceptFiles(app: Pick<FastifyInstance, 'addContentTypeParser'>, bodyLimit: number): void {
  app.addContentTypeParser(
    ['application/octet-stream', 'text/csv'],
    { parseAs: 'buffer', bodyLimit },
    (_, body, done) => done(null, body),
  )
}

/** @throws ApiError `invalid_request` when the body is no file */
export function fileOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array && body.length > 0) return body
  throw new ApiError('invalid_request', 'send the file as the body, as text/csv or application/octet-stream')
}
