import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'
import { languageOf } from './language.js'
import { asApiError, problemFor } from './problem.js'

const problemType = 'application/problem+json'

/**
 * Answers with JSON that may take long. One that takes longer than `heartbeatMs` begins with its headers and with
 * spaces, one each time, which JSON allows in front: so neither a client nor a proxy takes the connection for dead.
 * A status cannot be taken back: should it fail after that, a caller that accepts problems as JSON gets one as the body,
 * and for any other the connection is closed before its end.
 *
 * @param result fails before the headers are sent as any handler does
 * @param upload the body of the request: an answer that begins before its end confuses proxies, so it does not
 */
export async function sendWhenReady<T extends object>(
  reply: FastifyReply,
  result: Promise<T>,
  heartbeatMs: number,
  upload?: Readable,
): Promise<T | FastifyReply> {
  const late = Symbol('late')
  let first: NodeJS.Timeout | undefined
  const silence = new Promise<typeof late>((resolve) => {
    const begin = () => {
      first = setTimeout(() => resolve(late), heartbeatMs)
    }
    if (upload === undefined || upload.readableEnded) begin()
    else upload.once('end', begin)
  })
  const early = await Promise.race([result, silence]).finally(() => clearTimeout(first))
  if (early !== late) return early
  reply.hijack()
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.raw.writeHead(reply.statusCode, {
    'content-type': 'application/json; charset=utf-8',
    // A proxy that collects would hear nothing until the end.
    'x-accel-buffering': 'no',
  })
  const beat = () => void reply.raw.write(' ')
  beat()
  const heartbeat = setInterval(beat, heartbeatMs)
  try {
    reply.raw.end(JSON.stringify(await result))
  } catch (error) {
    reply.log.warn({ err: error }, 'a call failed after its answer had begun')
    const { headers } = reply.request
    if (!headers.accept?.includes(problemType)) reply.raw.destroy()
    else reply.raw.end(JSON.stringify(problemFor(asApiError(error), languageOf(headers))))
  } finally {
    clearInterval(heartbeat)
  }
  return reply
}
