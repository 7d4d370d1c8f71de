import { appendUpload, blobParams, finishUpload, uploadParams } from '../../protocol/node/index.js'
import type { ContentStore } from '../content/store.js'
import { RuntimeRefusal } from '../errors.js'
import type { Routes } from '../http/app.js'
import { bytesOf, sendBytes, takeBytes } from '../http/bytes.js'

/** Blobs of the registry. */
export const contentRoutes =
  (content: ContentStore): Routes =>
  async (app) => {
    app.get('/content/uploads/:id', { schema: { params: uploadParams } }, async ({ params: { id } }) => ({
      sizeBytes: content.sizeOf(id),
    }))
    app.delete('/content/uploads/:id', { schema: { params: uploadParams } }, async ({ params }, reply) => {
      await content.cancel(params.id)
      reply.code(204)
    })
    const finish = { params: uploadParams, body: finishUpload }
    app.post('/content/uploads/:id/finish', { schema: finish }, async ({ params, body }, reply) => {
      await content.finish(params.id, body)
      reply.code(204)
    })
    app.delete('/content/:space/:digest', { schema: { params: blobParams } }, async ({ params }, reply) => {
      content.remove(params.space, params.digest)
      reply.code(204)
    })
    app.get(
      '/content/:space/:digest',
      { schema: { params: blobParams } },
      async ({ params, headers }, reply) => {
        const { path, bytes } = content.find(params.space, params.digest)
        const part = partOf(headers.range, bytes)
        const [first, last] = part ?? [0, bytes - 1]
        reply.hijack()
        reply.raw.writeHead(part === undefined ? 200 : 206, {
          ...{ 'content-type': 'application/octet-stream', 'content-length': last - first + 1 },
          ...(part === undefined ? {} : { 'content-range': `bytes ${first}-${last}/${bytes}` }),
        })
        if (bytes === 0) {
          reply.raw.end()
          return
        }
        await sendBytes(content.read(path, first, last), reply.raw, last - first + 1)
      },
    )
    await app.register(appending(content))
  }

const appending =
  (content: ContentStore): Routes =>
  async (app) => {
    takeBytes(app)
    app.patch(
      '/content/uploads/:id',
      { schema: { params: uploadParams, querystring: appendUpload } },
      async (request) => {
        const body = bytesOf(request)
        try {
          const pieces = { [Symbol.asyncIterator]: () => ({ next: () => body.next() }) }
          return { sizeBytes: await content.append(request.params.id, request.query, pieces) }
        } finally {
          await body.return()
        }
      },
    )
  }

/** The one part that a header `Range` names. @throws RuntimeRefusal `range_not_satisfiable` */
function partOf(range: string | undefined, bytes: number): readonly [number, number] | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? []
  if (from === '' && to === '') return undefined
  const first = from === '' ? Math.max(0, bytes - Number(to)) : Number(from)
  const last = from === '' || to === '' ? bytes - 1 : Math.min(Number(to), bytes - 1)
  if (first <= last) return [first, last]
  throw new RuntimeRefusal('range_not_satisfiable', 'the blob has no such part', undefined, {
    sizeBytes: bytes,
  })
}
