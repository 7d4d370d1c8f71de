import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  fileEntry,
  readHeaders,
  sandboxParams,
  searchQuery,
  signedFile,
  signedQuery,
  signFile,
  watchQuery,
  writeHeaders,
} from '../../protocol/api/index.js'
import { bytes, sendBytes, unchanged } from '../http/bytes.js'
import { sendEvents } from '../http/events.js'
import type { FileService } from './service.js'
import type { SignedUrls } from './signed.js'
import { anySize, assertUtf8, contentOf, storedFileRoutes } from './stored-routes.js'

const tags = ['files']

/** A sandbox's files: these, and what only a sandbox has. */
export const fileRoutes =
  (files: FileService, signed: SignedUrls, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.addHook('onRequest', async (request) => assertUtf8(request.url))
    await app.register(
      storedFileRoutes({ files, base: '/sandboxes', params: sandboxParams, tags: ['files'], of: '' }),
    )
    app.get(
      '/sandboxes/:id/files/search',
      {
        schema: {
          ...{ tags, summary: 'Search in files', params: sandboxParams, querystring: searchQuery },
          description:
            'Streams `match` events and then `end`, or `error`. By the ripgrep of the sandbox, which may be paused or stopped.',
          response: { 200: z.unknown().describe('events') },
        },
      },
      async ({ principal, params, query }, reply) => {
        const aborted = new AbortController()
        reply.raw.once('close', () => aborted.abort())
        return sendEvents(reply, await files.search(principal, params.id, query, aborted.signal), heartbeatMs)
      },
    )
    app.get(
      '/sandboxes/:id/files/watch',
      {
        schema: {
          ...{ tags, summary: 'Watch files', params: sandboxParams, querystring: watchQuery },
          description:
            'Streams events: `ready`, from where on all is told; `change`; `rescan` after more changes than could be told: ' +
            'read everything again; and last `end` or `error`. The sandbox may be paused, stopped and started meanwhile.',
          response: { 200: z.unknown().describe('events') },
        },
      },
      async ({ principal, params, query }, reply) => {
        const aborted = new AbortController()
        reply.raw.once('close', () => aborted.abort())
        return sendEvents(reply, await files.watch(principal, params.id, query, aborted.signal), heartbeatMs)
      },
    )
    app.post(
      '/sandboxes/:id/files/sign',
      {
        schema: {
          ...{ tags, summary: 'Sign a URL that reads or writes one file', params: sandboxParams },
          ...{ body: signFile, response: { 200: signedFile } },
        },
      },
      ({ principal, params, body }) => signed.sign(principal, params.id, body),
    )
  }

/** What a signed URL gives. It is its own credential: nobody is asked who they are. */
export const signedRoutes =
  (files: FileService, signed: SignedUrls): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.get(
      '/files/signed',
      {
        schema: {
          ...{ tags, summary: 'Read the file of a signed URL', security: [] },
          ...{ querystring: signedQuery, headers: readHeaders },
          response: { 200: bytes, 206: bytes },
        },
      },
      async ({ query, headers }, reply) => {
        const { principal, sandboxId, path } = await signed.open(query.token, 'GET')
        const answer = await files.read(principal, sandboxId, { path }, headers)
        if (answer.status === 304) return unchanged(reply, answer)
        return sendBytes(reply.code(answer.status === 206 ? 206 : 200), answer, path)
      },
    )
    app.put(
      '/files/signed',
      {
        bodyLimit: anySize,
        schema: {
          ...{ tags, summary: 'Write the file of a signed URL', security: [] },
          ...{ querystring: signedQuery, headers: writeHeaders },
          response: { 200: fileEntry, 201: fileEntry },
        },
      },
      async ({ query, headers, body }, reply) => {
        const { principal, sandboxId, path } = await signed.open(query.token, 'PUT')
        const wanted = { path, append: 'false' } as const
        const by = { ...principal, actor: `${principal.actor} by a signed URL` }
        const { entry, created } = await files.write(by, sandboxId, wanted, headers, contentOf(body))
        if (entry.etag !== null) reply.header('etag', entry.etag)
        return reply.code(created ? 201 : 200).send(entry)
      },
    )
  }
