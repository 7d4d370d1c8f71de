import { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import {
  fileEntry,
  fileQuery,
  fileTree,
  makeDirectory,
  moveFile,
  removeQuery,
  sandboxParams,
  treeQuery,
  writeQuery,
} from '../../protocol/api/index.js'
import { audit } from '../audit.js'
import type { Principal } from '../auth/principal.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import type { RuntimeClient } from '../runtime-client/client.js'
import type { SandboxService } from './service.js'

/** What a sandbox's disk holds is bounded there; here a file may be of any size, for none is ever held. */
const anySize = Number.MAX_SAFE_INTEGER
const tags = ['files']
const bytes = z.unknown().describe('the bytes themselves')

/** A sandbox's files. The runtime says the same to us as we say to people, so calls are handed on. */
export const fileRoutes =
  (sandboxes: SandboxService, runtime: RuntimeClient, database: Database): FastifyPluginAsyncZod =>
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
      async (request) => {
        const id = await sandboxes.authorize(request.principal, request.params.id)
        return runtime.ask('GET', `/sandboxes/${id}/files/stat`, fileEntry, request.query)
      },
    )
    app.get(
      '/sandboxes/:id/tree',
      {
        schema: {
          ...{ tags, summary: 'List a directory, and what is below it', params: sandboxParams },
          ...{ querystring: treeQuery, response: { 200: fileTree } },
        },
      },
      async (request) => {
        const id = await sandboxes.authorize(request.principal, request.params.id)
        return runtime.ask('GET', `/sandboxes/${id}/tree`, fileTree, request.query)
      },
    )
    app.post(
      '/sandboxes/:id/files/move',
      {
        schema: {
          ...{ tags, summary: 'Move or rename', params: sandboxParams },
          ...{ body: moveFile, response: { 200: fileEntry } },
        },
      },
      async (request) => {
        const id = await sandboxes.authorize(request.principal, request.params.id)
        const moved = await runtime.ask('POST', `/sandboxes/${id}/files/move`, fileEntry, {}, request.body)
        await audit(database.prisma, request.principal, 'file.move', id, request.body)
        return moved
      },
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
        const id = await sandboxes.authorize(request.principal, request.params.id)
        reply.code(201)
        return runtime.ask('POST', `/sandboxes/${id}/files/mkdir`, fileEntry, {}, request.body)
      },
    )
    app.delete(
      '/sandboxes/:id/files',
      {
        schema: {
          ...{ tags, summary: 'Delete a file or a directory', params: sandboxParams },
          ...{ querystring: removeQuery, response: { 204: z.null() } },
        },
      },
      async (request, reply) => {
        const id = await sandboxes.authorize(request.principal, request.params.id)
        await runtime.ask('DELETE', `/sandboxes/${id}/files`, z.unknown(), request.query)
        await audit(database.prisma, request.principal, 'file.delete', id, { path: request.query.path })
        return reply.code(204).send(null)
      },
    )
    for (const [action, summary] of [
      ['files', 'Read a file'],
      ['archive', 'Read a whole tree as tar'],
    ] as const) {
      app.get(
        `/sandboxes/:id/${action}`,
        {
          schema: {
            ...{ tags, summary, params: sandboxParams },
            ...{ querystring: fileQuery, response: { 200: bytes } },
          },
        },
        async (request, reply) => {
          const id = await sandboxes.authorize(request.principal, request.params.id)
          return sendBytes(reply, await runtime.stream('GET', `/sandboxes/${id}/${action}`, request.query))
        },
      )
    }
    await app.register(uploads(sandboxes, runtime, database))
  }

/** Bodies that are bytes, of whatever type they say they are. */
const uploads =
  (sandboxes: SandboxService, runtime: RuntimeClient, database: Database): FastifyPluginAsyncZod =>
  async (app) => {
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_, payload, done) => done(null, payload))
    const upload = async (
      { principal, params, body }: { principal: Principal; params: { id: string }; body: unknown },
      to: 'files' | 'archive',
      query: { path: string; mode?: string },
    ) => {
      const id = await sandboxes.authorize(principal, params.id)
      const content = body instanceof Readable ? body : Readable.from([])
      const answer = await runtime.send('PUT', `/sandboxes/${id}/${to}`, query, content)
      await audit(database.prisma, principal, to === 'files' ? 'file.write' : 'archive.write', id, {
        path: query.path,
      })
      return answer
    }
    app.put(
      '/sandboxes/:id/files',
      {
        bodyLimit: anySize,
        schema: {
          ...{ tags, summary: 'Write a file, with its parents', params: sandboxParams },
          ...{ querystring: writeQuery, response: { 200: fileEntry, 201: fileEntry } },
        },
      },
      async (request, reply) => {
        const { path, mode } = request.query
        const query = mode === undefined ? { path } : { path, mode: mode.toString(8) }
        const answer = await upload(request, 'files', query)
        return reply.code(answer.status === 201 ? 201 : 200).send(fileEntry.parse(answer.body))
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
        await upload(request, 'archive', { path: request.query.path })
        return reply.code(204).send(null)
      },
    )
  }

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

/** A tenant's bytes come from our origin: no browser may take them for a page of ours. */
function sendBytes(reply: FastifyReply, answer: Awaited<ReturnType<RuntimeClient['stream']>>): FastifyReply {
  for (const name of ['content-type', 'content-length', 'last-modified']) {
    const value = answer.headers[name]
    if (value !== undefined) reply.header(name, value)
  }
  return reply
    .headers({
      'content-disposition': 'attachment',
      'content-security-policy': "default-src 'none'; sandbox",
    })
    .send(answer)
}
