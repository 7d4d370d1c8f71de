import { PassThrough, Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  applyCourse,
  assignmentFileQuery,
  assignmentFiles,
  assignmentFilesParams,
  classParams,
  coursePreview,
  writeAssignmentFile,
} from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { bytes, fileName } from '../http/bytes.js'
import type { Assignments } from './index.js'

const tags = ['assignments']
const params = assignmentFilesParams
/** The services bound what they read. */
const bodyLimit = Number.MAX_SAFE_INTEGER

/** Starter files and hidden files. Bodies are taken as they arrive. */
export const assignmentFileRoutes =
  ({ files, courses }: Assignments): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))

    app.route({
      method: 'GET',
      url: '/assignments/:id/files/:kind',
      schema: {
        ...{ tags, summary: 'List the starter or hidden files of an assignment', params },
        response: { 200: assignmentFiles },
      },
      handler: async ({ principal, params }) => ({
        items: await files.list(principal, params.id, params.kind),
      }),
    })
    app.route({
      method: 'PUT',
      url: '/assignments/:id/files/:kind',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'Replace the starter or hidden files of an assignment', params },
        description:
          'The body is a tar, plain or compressed with gzip, of files and directories; links and devices are refused. All files that were there before go. At most 2,000 files and 16 MiB, starter and hidden files together.',
        response: { 200: assignmentFiles },
      },
      handler: async ({ principal, params, body }) => ({
        items: await files.replace(principal, params.id, params.kind, streamOf(body)),
      }),
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/files/:kind/archive',
      schema: {
        ...{ tags, summary: 'The starter or hidden files of an assignment as tar', params },
        response: { 200: bytes },
      },
      handler: async ({ principal, params }, reply) => {
        const packed = await files.pack(principal, params.id, params.kind)
        return download(reply, `${params.kind}.tar`).type('application/x-tar').send(packed)
      },
    })
    app.route({
      method: 'GET',
      url: '/assignments/:id/files/:kind/file',
      schema: {
        ...{ tags, summary: 'Read a starter or hidden file of an assignment', params },
        ...{ querystring: assignmentFileQuery, response: { 200: bytes } },
      },
      handler: async ({ principal, params, query }, reply) => {
        const content = await files.read(principal, params.id, params.kind, query.path)
        return download(reply, query.path).type('application/octet-stream').send(content)
      },
    })
    app.route({
      method: 'PUT',
      url: '/assignments/:id/files/:kind/file',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'Write a starter or hidden file of an assignment', params },
        ...{ querystring: writeAssignmentFile, response: { 200: assignmentFiles } },
        description: 'The body is the content. Answers all files of this kind.',
      },
      handler: async ({ principal, params, query, body }) => ({
        items: await files.write(
          ...([principal, params.id, params.kind] as const),
          { path: query.path, executable: query.executable === 'true' },
          streamOf(body, true),
        ),
      }),
    })
    app.route({
      method: 'DELETE',
      url: '/assignments/:id/files/:kind/file',
      schema: {
        ...{ tags, summary: 'Delete a starter or hidden file of an assignment', params },
        ...{ querystring: assignmentFileQuery, response: { 204: z.null() } },
      },
      handler: async ({ principal, params, query }, reply) => {
        await files.remove(principal, params.id, params.kind, query.path)
        return reply.code(204).send(null)
      },
    })

    app.route({
      method: 'GET',
      url: '/classes/:id/course.tar',
      schema: {
        ...{ tags, summary: 'Export all assignments of a class as one archive', params: classParams },
        description:
          'A tar with `course.yaml` and a folder for each assignment: `assignment.md`, `assignment.json`, `tests.json`, `starter/` and, for hidden files, `tests/`.',
        response: { 200: bytes },
      },
      handler: async ({ principal, params }, reply) => {
        const packed = await courses.pack(principal, params.id)
        return download(reply, 'course.tar').type('application/x-tar').send(packed)
      },
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/course/preview',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'What importing the archive of a course would do', params: classParams },
        description:
          'The body is a tar as the export writes it, plain or compressed with gzip, of at most 20,000 files and 64 MiB. Assignments are found again by their ids; those of the class that are not in it stay.',
        response: { 200: coursePreview },
      },
      handler: async ({ principal, params, body }) => courses.preview(principal, params.id, streamOf(body)),
    })
    app.route({
      method: 'POST',
      url: '/classes/:id/course',
      bodyLimit,
      schema: {
        ...{ tags, summary: 'Import the archive of a course as a preview said', params: classParams },
        ...{ querystring: applyCourse, response: { 200: coursePreview } },
        description: 'All of it is done, or nothing. Refused when the class has changed since the preview.',
      },
      handler: async ({ principal, params, query, body }) =>
        courses.apply(principal, params.id, streamOf(body), query.digest),
    })
  }

/**
 * The body of a call, of which less may be read than there is: what reads it may end this, and the body itself goes on, so that its
 * connection is free for the next call (`http/leftovers.ts`).
 */
function streamOf(body: unknown, orNothing = false): Readable {
  if (!(body instanceof Readable)) {
    if (orNothing) return Readable.from([])
    throw new ApiError('invalid_request', 'send the archive as the body, as application/x-tar')
  }
  const read = new PassThrough()
  const cut = () => read.destroy(new ApiError('invalid_request', 'the body was cut'))
  body.once('error', cut).once('close', () => body.readableEnded || cut())
  return body.pipe(read)
}

/** A tenant's bytes come from our origin: no browser may take them for a page of ours. */
const download = <Reply extends { headers(values: Record<string, string>): Reply }>(
  reply: Reply,
  name: string,
): Reply =>
  reply.headers({
    'content-disposition': `attachment; ${fileName(name)}`,
    'content-security-policy': "default-src 'none'; sandbox",
  })
