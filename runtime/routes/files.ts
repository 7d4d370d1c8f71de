import type { FastifyReply } from 'fastify'
import {
  changeHeaders,
  changeMode as changeModeBody,
  copyFile,
  fileQuery,
  makeDirectory as makeDirectoryBody,
  moveFile,
  readHeaders,
  removeQuery,
  treeQuery,
  writeHeaders,
  writeQuery,
} from '../../protocol/api/index.js'
import { packQuery } from '../../protocol/node/index.js'
import { appendFile } from '../files/append.js'
import type { Archives } from '../files/archives.js'
import { changeMode } from '../files/chmod.js'
import { copyPath } from '../files/copy.js'
import { makeDirectory } from '../files/mkdir.js'
import { movePath } from '../files/move.js'
import { type ReadFile, readFile } from '../files/read.js'
import { refusing } from '../files/refusal.js'
import { removePath } from '../files/remove.js'
import type { FilesRoot } from '../files/root.js'
import { statPath } from '../files/tree.js'
import { writeFile } from '../files/write.js'
import type { Routes } from '../http/app.js'
import { sendArchive } from '../http/archive.js'
import { bytesOf, sendBytes, takeBytes } from '../http/bytes.js'
import type { Sandboxes } from '../sandbox/service.js'
import { existing } from './params.js'

/** What has files. */
interface Parts {
  readonly archives: Archives
  filesOf(id: string): Promise<FilesRoot>
}

/** The calls of `protocol/api/files.ts` on sandboxes. */
export const fileRoutes = (parts: { readonly archives: Archives; readonly sandboxes: Sandboxes }): Routes =>
  filesBelow('/sandboxes', { archives: parts.archives, filesOf: (id) => parts.sandboxes.files(id) })

/** The same on whatever has files, by its id. */
export const filesBelow =
  (base: '/sandboxes' | '/volumes', parts: Parts): Routes =>
  async (app) => {
    const { archives, filesOf: rootOf } = parts
    const asked = { params: existing, querystring: fileQuery }
    app.get(
      `${base}/:id/files`,
      { schema: { ...asked, headers: readHeaders } },
      async ({ params, query: { path }, headers }, reply) => {
        using root = await rootOf(params.id)
        const { range, 'if-range': ifRange, 'if-none-match': ifNoneMatch } = headers
        const file = await refusing(path, () => readFile(root, path, { range, ifRange, ifNoneMatch }))
        await sendFile(file, reply)
      },
    )
    app.delete(
      `${base}/:id/files`,
      { schema: { params: existing, querystring: removeQuery, headers: changeHeaders } },
      async ({ params, query, headers }, reply) => {
        using root = await rootOf(params.id)
        const { path, recursive } = query
        await refusing(path, () =>
          removePath(root, path, recursive === 'true', { ifMatch: headers['if-match'] }),
        )
        reply.code(204)
      },
    )
    app.get(`${base}/:id/files/stat`, { schema: asked }, async ({ params, query: { path } }) => {
      using root = await rootOf(params.id)
      return await refusing(path, () => statPath(root, path))
    })
    app.get(
      `${base}/:id/tree`,
      { schema: { params: existing, querystring: treeQuery } },
      async ({ params, query: { path, depth } }, reply) => {
        using root = await rootOf(params.id)
        const listed = await archives.list(root, path, depth)
        reply.type('application/json; charset=utf-8').send(listed)
      },
    )
    app.post(
      `${base}/:id/files/move`,
      { schema: { params: existing, body: moveFile, headers: changeHeaders } },
      async ({ params, body: { from, to, ...options }, headers }) => {
        using root = await rootOf(params.id)
        const { copy } = archives
        return await refusing(from, () =>
          movePath(root, from, to, { ...options, fromEtag: headers['if-match'], copy }),
        )
      },
    )
    app.post(
      `${base}/:id/files/copy`,
      { schema: { params: existing, body: copyFile, headers: changeHeaders } },
      async ({ params, body: { from, to, ...options }, headers }) => {
        using root = await rootOf(params.id)
        const { copy } = archives
        return await refusing(from, () =>
          copyPath(root, from, to, { ...options, fromEtag: headers['if-match'], copy }),
        )
      },
    )
    app.post(
      `${base}/:id/files/chmod`,
      { schema: { params: existing, body: changeModeBody } },
      async ({ params, body: { path, mode } }) => {
        using root = await rootOf(params.id)
        return await refusing(path, () => changeMode(root, path, Number.parseInt(mode, 8)))
      },
    )
    app.post(
      `${base}/:id/files/mkdir`,
      { schema: { params: existing, body: makeDirectoryBody } },
      async ({ params, body: { path } }, reply) => {
        using root = await rootOf(params.id)
        const { entry, created } = await refusing(path, () => makeDirectory(root, path))
        reply.code(created ? 201 : 200)
        return entry
      },
    )
    app.get(
      `${base}/:id/archive`,
      { schema: { params: existing, querystring: packQuery } },
      async ({ params, query }, reply) => {
        using root = await rootOf(params.id)
        await sendArchive(archives.pack(root, query.path, query.handIn?.split('/') ?? null), reply)
      },
    )
    await app.register(uploads(base, parts))
  }

const uploads =
  (base: '/sandboxes' | '/volumes', { archives, filesOf }: Parts): Routes =>
  async (app) => {
    takeBytes(app)
    app.put(
      `${base}/:id/files`,
      { schema: { params: existing, querystring: writeQuery, headers: writeHeaders } },
      async (request, reply) => {
        using root = await filesOf(request.params.id)
        const { path, mode, append, offset } = request.query
        const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = request.headers
        const [content, condition] = [bytesOf(request), { ifMatch, ifNoneMatch }]
        const { entry, created } = await refusing(path, () =>
          append === 'true' || offset !== undefined
            ? appendFile(root, path, content, { offset, mode, condition })
            : writeFile(root, path, content, mode, condition),
        )
        reply.code(created ? 201 : 200)
        return entry
      },
    )
    app.put(
      `${base}/:id/archive`,
      { schema: { params: existing, querystring: fileQuery } },
      async (request, reply) => {
        using root = await filesOf(request.params.id)
        await archives.unpack(root, request.query.path, bytesOf(request))
        reply.code(204)
      },
    )
  }

async function sendFile(file: ReadFile, reply: FastifyReply): Promise<void> {
  const { content, sizeBytes, modifiedMs, etag, part, unchanged } = file
  const bytes = part === undefined ? sizeBytes : part.last - part.first + 1
  reply.hijack()
  reply.raw.writeHead(unchanged ? 304 : part === undefined ? 200 : 206, {
    ...{ etag, 'last-modified': new Date(modifiedMs).toUTCString(), 'accept-ranges': 'bytes' },
    ...(unchanged ? {} : { 'content-type': 'application/octet-stream', 'content-length': bytes }),
    ...(part === undefined ? {} : { 'content-range': `bytes ${part.first}-${part.last}/${sizeBytes}` }),
  })
  await sendBytes(content, reply.raw, unchanged ? 0 : bytes)
}
