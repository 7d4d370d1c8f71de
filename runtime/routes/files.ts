import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  fileQuery,
  makeDirectory as makeDirectoryBody,
  moveFile,
  removeQuery,
  treeQuery,
  writeQuery,
} from '../../protocol/api/index.js'
import type { Archives } from '../files/archives.js'
import { makeDirectory } from '../files/mkdir.js'
import { movePath } from '../files/move.js'
import { readFile } from '../files/read.js'
import { refusing } from '../files/refusal.js'
import { removePath } from '../files/remove.js'
import type { FilesRoot } from '../files/root.js'
import { statPath, treeOf } from '../files/tree.js'
import { writeFile } from '../files/write.js'
import { Answer, type Request, type Route } from '../http/server.js'
import { filesOf } from '../sandbox/files.js'
import type { NodeContext } from '../sandbox/node.js'
import type { Sandboxes } from '../sandbox/service.js'

/** The calls of `protocol/files.ts`. */
export function fileRoutes({
  archives,
  context,
  sandboxes,
}: {
  archives: Archives
  context: NodeContext
  sandboxes: Sandboxes
}): Route[] {
  const call = (
    method: string,
    action: string,
    act: (root: FilesRoot, request: Request) => Promise<unknown>,
  ): Route => ({
    method,
    path: new RegExp(`^/sandboxes/([^/]+)/${action}$`),
    handle: async (request, id = '') => {
      using root = filesOf(context, sandboxes.get(id))
      return await act(root, request)
    },
  })
  return [
    call('GET', 'files', async (root, request) => {
      const { path } = request.query(fileQuery)
      const { content, sizeBytes, modifiedMs } = await refusing(path, () => readFile(root, path))
      const { response } = request
      response.writeHead(200, {
        ...{ 'content-type': 'application/octet-stream', 'content-length': sizeBytes },
        'last-modified': new Date(modifiedMs).toUTCString(),
      })
      await stream(content, response, sizeBytes)
    }),
    call('PUT', 'files', async (root, request) => {
      const { path, mode } = request.query(writeQuery)
      const { entry, created } = await refusing(path, () => writeFile(root, path, request.bytes(), mode))
      return new Answer(created ? 201 : 200, entry)
    }),
    call('DELETE', 'files', async (root, request) => {
      const { path, recursive } = request.query(removeQuery)
      await refusing(path, () => removePath(root, path, recursive === 'true'))
    }),
    call('GET', 'files/stat', (root, request) => {
      const { path } = request.query(fileQuery)
      return refusing(path, () => statPath(root, path))
    }),
    call('GET', 'tree', (root, request) => {
      const { path, depth } = request.query(treeQuery)
      return refusing(path, () => treeOf(root, path, depth))
    }),
    call('POST', 'files/move', async (root, request) => {
      const { from, to, overwrite } = await request.body(moveFile)
      return refusing(from, () => movePath(root, from, to, overwrite, archives.copy))
    }),
    call('POST', 'files/mkdir', async (root, request) => {
      const { path } = await request.body(makeDirectoryBody)
      const { entry, created } = await refusing(path, () => makeDirectory(root, path))
      return new Answer(created ? 201 : 200, entry)
    }),
    call('GET', 'archive', async (root, request) => {
      const { path } = request.query(fileQuery)
      const archive = archives.pack(root, path)
      // The first block tells whether there is anything to pack: until then a refusal can still be said.
      const first = await archive.next()
      const { response } = request
      response.writeHead(200, { 'content-type': 'application/x-tar' })
      await stream(Readable.from(rest(first, archive)), response)
    }),
    call('PUT', 'archive', async (root, request) => {
      const { path } = request.query(fileQuery)
      await archives.unpack(root, path, request.bytes())
    }),
  ]
}

async function* rest(first: IteratorResult<Uint8Array, void>, archive: AsyncGenerator<Uint8Array, void>) {
  try {
    if (!first.done) yield first.value
    yield* archive
  } finally {
    await archive.return(undefined)
  }
}

/**
 * Sends a stream as the body. One that breaks, or is shorter than was promised, breaks the line: an end in
 * good order would say that this was all.
 */
async function stream(content: Readable, response: ServerResponse, promised?: number): Promise<void> {
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
