import { Readable } from 'node:stream'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  changeHeaders,
  changeMode,
  copyFile,
  fileEntry,
  fileQuery,
  fileTree,
  makeDirectory,
  moveFile,
  readHeaders,
  removeQuery,
  sandboxParams,
  searchQuery,
  signedFile,
  signedQuery,
  signFile,
  treeQuery,
  watchQuery,
  writeHeaders,
  writeQuery,
} from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { bytes, sendAsSaid, sendBytes, unchanged } from '../http/bytes.js'
import { sendEvents } from '../http/events.js'
import type { FileService } from './service.js'
import type { SignedUrls } from './signed.js'

/** What a sandbox's disk holds is bounded there; here a file may be of any size, for none is ever held. */
const anySize = Number.MAX_SAFE_INTEGER
const tags = ['files']

/** A sandbox's files. The runtime says the same to us as we say to people, so calls are handed on. */
export const fileRoutes =
  (files: FileService, signed: SignedUrls, heartbeatMs: number): FastifyPluginAsyncZod =>
  async (app) => {
    app.addHook('onRequest', async (request) => assertUtf8(request.url))
    app.get(
      '/sandboxes/:id/files/stat',
      {
        schema: {
          ...{ tags, summary: 'Describe a file', params: sandboxParams },
          ...{ querystring: fileQuery, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, query }) => files.stat(principal, params.id, query),
    )
    app.get(
      '/sandboxes/:id/tree',
      {
        schema: {
          ...{ tags, summary: 'List a directory, and what is below it', params: sandboxParams },
          ...{ querystring: treeQuery, response: { 200: fileTree } },
        },
      },
      async ({ principal, params, query }, reply) =>
        sendAsSaid(reply, await files.tree(principal, params.id, query)),
    )
    app.get(
      '/sandboxes/:id/files/search',
      {
        schema: {
          ...{ tags, summary: 'Search in files', params: sandboxParams, querystring: searchQuery },
          description:
            'Streams `match` events and then `end`, or `error`. By the ripgrep of the sandbox, which must run.',
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
            'read everything again; and last `end` or `error`. While the sandbox runs or is paused.',
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
      '/sandboxes/:id/files/move',
      {
        schema: {
          ...{ tags, summary: 'Move or rename', params: sandboxParams },
          ...{ body: moveFile, headers: changeHeaders, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, body, headers }) => files.move(principal, params.id, body, headers),
    )
    app.post(
      '/sandboxes/:id/files/copy',
      {
        schema: {
          ...{ tags, summary: 'Copy a file or a directory', params: sandboxParams },
          ...{ body: copyFile, headers: changeHeaders, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, body, headers }) => files.copy(principal, params.id, body, headers),
    )
    app.post(
      '/sandboxes/:id/files/chmod',
      {
        schema: {
          ...{ tags, summary: 'Change the permissions of a file', params: sandboxParams },
          ...{ body: changeMode, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, body }) => files.changeMode(principal, params.id, body),
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
    app.post(
      '/sandboxes/:id/files/mkdir',
      {
        schema: {
          ...{ tags, summary: 'Make a directory, with its parents', params: sandboxParams },
          ...{ body: makeDirectory, response: { 201: fileEntry } },
        },
      },
      async (request, reply) => {
        reply.code(201)
        return files.makeDirectory(request.principal, request.params.id, request.body)
      },
    )
    app.delete(
      '/sandboxes/:id/files',
      {
        schema: {
          ...{ tags, summary: 'Delete a file or a directory', params: sandboxParams },
          ...{ querystring: removeQuery, headers: changeHeaders, response: { 204: z.null() } },
        },
      },
      async (request, reply) => {
        await files.remove(request.principal, request.params.id, request.query, request.headers)
        return reply.code(204).send(null)
      },
    )
    app.get(
      '/sandboxes/:id/files',
      {
        schema: {
          ...{ tags, summary: 'Read a file, or a part of it', params: sandboxParams },
          ...{ querystring: fileQuery, headers: readHeaders },
          response: { 200: bytes, 206: bytes },
        },
      },
      async ({ principal, params, query, headers }, reply) => {
        const answer = await files.read(principal, params.id, query, headers)
        if (answer.status === 304) return unchanged(reply, answer)
        return sendBytes(reply.code(answer.status === 206 ? 206 : 200), answer)
      },
    )
    app.get(
      '/sandboxes/:id/archive',
      {
        schema: {
          ...{ tags, summary: 'Read a whole tree as tar', params: sandboxParams },
          ...{ querystring: fileQuery, response: { 200: bytes } },
        },
      },
      async ({ principal, params, query }, reply) =>
        sendBytes(reply, await files.pack(principal, params.id, query)),
    )
    await app.register(uploads(files))
  }

/** Bodies that are bytes, of whatever type they say they are. */
const uploads =
  (files: FileService): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.put(
      '/sandboxes/:id/files',
      {
        bodyLimit: anySize,
        schema: {
          ...{ tags, summary: 'Write or append to a file, with its parents', params: sandboxParams },
          ...{ querystring: writeQuery, headers: writeHeaders },
          response: { 200: fileEntry, 201: fileEntry },
        },
      },
      async (request, reply) => {
        const { principal, params, query, headers, body } = request
        const { entry, created } = await files.write(principal, params.id, query, headers, contentOf(body))
        if (entry.etag !== null) reply.header('etag', entry.etag)
        return reply.code(created ? 201 : 200).send(entry)
      },
    )
    app.put(
      '/sandboxes/:id/archive',
      {
        bodyLimit: anySize,
        schema: {
          ...{ tags, summary: 'Unpack a tar into a directory', params: sandboxParams },
          ...{ querystring: fileQuery, response: { 204: z.null() } },
        },
      },
      async (request, reply) => {
        const { principal, params, query, body } = request
        await files.unpack(principal, params.id, query, contentOf(body))
        return reply.code(204).send(null)
      },
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

const contentOf = (body: unknown) => (body instanceof Readable ? body : Readable.from([]))

/** Fastify takes a query that is no UTF-8 as it stands, and so another file than was meant. */
function assertUtf8(url: string): void {
  try {
    decodeURIComponent(url.split('?')[1] ?? '')
  } catch {
    throw new ApiError(
      'invalid_request',
      'the query is not UTF-8: write a path that is not as a URI, percent-encoded once more (path=file:caf%25E9)',
    )
  }
}
