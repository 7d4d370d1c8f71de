import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Answers with a stream of server-sent events. Whoever hangs up destroys the stream. */
export function sendEvents(reply: FastifyReply, events: Readable): FastifyReply {
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) reply.raw.setHeader(name, value)
  }
  reply.hijack()
  reply.raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // A proxy that collects would make the stream useless.
    'x-accel-buffering': 'no',
  })
  reply.raw.once('close', () => events.destroy())
  events.pipe(reply.raw)
  return reply
}
