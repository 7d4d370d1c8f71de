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
  type sandboxParams,
  treeQuery,
  type volumeParams,
  writeHeaders,
  writeQuery,
} from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { bytes, sendAsSaid, sendBytes, unchanged } from '../http/bytes.js'
import type { StoredFiles } from './stored.js'

/** What a disk holds is bounded there; here a file may be of any size, for none is ever held. */
export const anySize = Number.MAX_SAFE_INTEGER

/** What the calls are about. */
interface Subject {
  readonly files: StoredFiles
  readonly base: '/sandboxes' | '/volumes'
  readonly params: typeof sandboxParams | typeof volumeParams
  readonly tags: string[]
  /** What the summaries say after the name of the thing. */
  readonly of: '' | ' in a volume'
}

/** Files of a sandbox or a volume. The runtime says the same to us as we say to people, so calls are handed on. */
export const storedFileRoutes =
  (subject: Subject): FastifyPluginAsyncZod =>
  async (app) => {
    const { files, base, params, tags, of } = subject
    app.addHook('onRequest', async (request) => assertUtf8(request.url))
    app.get(
      `${base}/:id/files/stat`,
      {
        schema: {
          ...{ tags, summary: `Describe a file${of}`, params },
          ...{ querystring: fileQuery, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, query }) => files.stat(principal, params.id, query),
    )
    app.get(
      `${base}/:id/tree`,
      {
        schema: {
          ...{ tags, summary: `List a directory${of}, and what is below it`, params },
          ...{ querystring: treeQuery, response: { 200: fileTree } },
        },
      },
      async ({ principal, params, query }, reply) =>
        sendAsSaid(reply, await files.tree(principal, params.id, query)),
    )
    app.post(
      `${base}/:id/files/move`,
      {
        schema: {
          ...{ tags, summary: `Move or rename a file or a directory${of}`, params },
          ...{ body: moveFile, headers: changeHeaders, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, body, headers }) => files.move(principal, params.id, body, headers),
    )
    app.post(
      `${base}/:id/files/copy`,
      {
        schema: {
          ...{ tags, summary: `Copy a file or a directory${of}`, params },
          ...{ body: copyFile, headers: changeHeaders, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, body, headers }) => files.copy(principal, params.id, body, headers),
    )
    app.post(
      `${base}/:id/files/chmod`,
      {
        schema: {
          ...{ tags, summary: `Change the permissions of a file${of}`, params },
          ...{ body: changeMode, response: { 200: fileEntry } },
        },
      },
      ({ principal, params, body }) => files.changeMode(principal, params.id, body),
    )
    app.post(
      `${base}/:id/files/mkdir`,
      {
        schema: {
          ...{ tags, summary: `Make a directory${of}, with its parents`, params },
          ...{ body: makeDirectory, response: { 201: fileEntry } },
        },
      },
      async (request, reply) => {
        reply.code(201)
        return files.makeDirectory(request.principal, request.params.id, request.body)
      },
    )
    app.delete(
      `${base}/:id/files`,
      {
        schema: {
          ...{ tags, summary: `Delete a file or a directory${of}`, params },
          ...{ querystring: removeQuery, headers: changeHeaders, response: { 204: z.null() } },
        },
      },
      async (request, reply) => {
        await files.remove(request.principal, request.params.id, request.query, request.headers)
        return reply.code(204).send(null)
      },
    )
    app.get(
      `${base}/:id/files`,
      {
        schema: {
          ...{ tags, summary: `Read a file${of}, or a part of it`, params },
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
      `${base}/:id/archive`,
      {
        schema: {
          ...{ tags, summary: `Read a whole tree${of} as tar`, params },
          ...{ querystring: fileQuery, response: { 200: bytes } },
        },
      },
      async ({ principal, params, query }, reply) =>
        sendBytes(reply, await files.pack(principal, params.id, query)),
    )
    await app.register(uploads(subject))
  }

/** Bodies that are bytes, of whatever type they say they are. */
const uploads =
  ({ files, base, params, tags, of }: Subject): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    app.put(
      `${base}/:id/files`,
      {
        bodyLimit: anySize,
        schema: {
          ...{ tags, summary: `Write or append to a file${of}, with its parents`, params },
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
      `${base}/:id/archive`,
      {
        bodyLimit: anySize,
        schema: {
          ...{ tags, summary: `Unpack a tar into a directory${of}`, params },
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

export const contentOf = (body: unknown) => (body instanceof Readable ? body : Readable.from([]))

/** Fastify takes a query that is no UTF-8 as it stands, and so another file than was meant. */
export function assertUtf8(url: string): void {
  try {
    decodeURIComponent(url.split('?')[1] ?? '')
  } catch {
    throw new ApiError(
      'invalid_request',
      'the query is not UTF-8: write a path that is not as a URI, percent-encoded once more (path=file:caf%25E9)',
    )
  }
}
