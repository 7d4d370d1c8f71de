import { PassThrough, Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { lessonOutcome, lessonParams, pushFile } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { sendWhenReady } from '../http/slow.js'
import type { Lessons } from './index.js'

/** The file that is sent to students, whose body is taken as it arrives. */
export const lessonFileRoutes =
  ({ pushing }: Lessons, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.route({
      method: 'PUT',
      url: '/lessons/:id/files',
      // The service bounds what it reads.
      bodyLimit: Number.MAX_SAFE_INTEGER,
      schema: {
        ...{ tags: ['lessons'], summary: 'Send a file to all or some students of a live lesson' },
        ...{ params: lessonParams, querystring: pushFile, response: { 200: lessonOutcome } },
        description:
          'The body is the content, at most 16 MiB. It is written into the home directory of each student, as a file of theirs; a path that leads through a link is refused for that student. `detail` names a file that was kept.',
      },
      handler: async ({ principal, params, query, body }, reply) => {
        const upload = body instanceof Readable ? body : undefined
        const pushed = pushing.push(principal, params.id, query, streamOf(upload))
        return sendWhenReady(reply, pushed, heartbeatMs, upload)
      },
    })
  }

/** Less of it may be read than there is: the body itself goes on, so that its connection is free (`http/leftovers.ts`). */
function streamOf(body: Readable | undefined): Readable {
  if (body === undefined) return Readable.from([])
  const read = new PassThrough()
  const cut = () => read.destroy(new ApiError('invalid_request', 'the body was cut'))
  body.once('error', cut).once('close', () => body.readableEnded || cut())
  return body.pipe(read)
}
