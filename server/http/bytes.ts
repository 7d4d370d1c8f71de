import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { ByteStream } from '../runtime-client/byte-stream.js'

/** The answer of a call that gives the bytes of files. */
export const bytes = z.unknown().describe('the bytes themselves')

/** A tenant's bytes come from our origin: no browser may take them for a page of ours. */
export function sendBytes(reply: FastifyReply, answer: ByteStream, path?: string): FastifyReply {
  return handOn(reply, answer)
    .headers({
      'content-disposition': path === undefined ? 'attachment' : `attachment; ${fileName(path)}`,
      'content-security-policy': "default-src 'none'; sandbox",
    })
    .send(answer)
}

/** @see RFC 6266, 4.3 */
export const fileName = (path: string) =>
  `filename*=UTF-8''${encodeURIComponent(path.split('/').findLast(Boolean) ?? 'file').replaceAll(/['()*]/g, '_')}`

/** Sends what the node has written in the form of our own answers. */
export const sendAsSaid = (reply: FastifyReply, answer: ByteStream): FastifyReply =>
  handOn(reply, answer).send(answer)

/** The caller has the file as it is. */
export function unchanged(reply: FastifyReply, answer: ByteStream): FastifyReply {
  answer.resume() // there is nothing in it
  return handOn(reply, answer).code(304).send()
}

const handedOn = ['accept-ranges', 'content-length', 'content-range', 'content-type', 'etag', 'last-modified']

function handOn(reply: FastifyReply, { headers }: ByteStream): FastifyReply {
  for (const name of handedOn) {
    const value = headers[name]
    if (value !== undefined) reply.header(name, value)
  }
  return reply
}
