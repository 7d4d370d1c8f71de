import type { FastifyReply } from 'fastify'

/**
 * Answers with JSON that may take long. One that takes longer than `heartbeatMs` begins with its headers and with
 * spaces, one each time, which JSON allows in front: so neither a client nor a proxy takes the connection for dead.
 * Should it fail after that, the connection is closed before its end, for a status cannot be taken back.
 *
 * @param result fails before the headers are sent as any handler does
 */
export async function sendWhenReady<T extends object>(
  reply: FastifyReply,
  result: Promise<T>,
  heartbeatMs: number,
): Promise<T | FastifyReply> {
  const late = Symbol('late')
  let first: NodeJS.Timeout | undefined
  const silence = new Promise<typeof late>((resolve) => {
    first = setTimeout(() => resolve(late), heartbeatMs)
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
    reply.raw.destroy()
  } finally {
    clearInterval(heartbeat)
  }
  return reply
}
