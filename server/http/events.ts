import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/** Clients and proxies hang up on a line that is silent for a minute or more, and a command may be. */
const heartbeatMs = 15_000

/** Answers with a stream of server-sent events, a whole one in each chunk. Whoever hangs up destroys the stream. */
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
  const heartbeat = setInterval(() => {
    if (!reply.raw.writableNeedDrain) reply.raw.write(':\n\n')
  }, heartbeatMs)
  reply.raw.once('close', () => {
    clearInterval(heartbeat)
    events.destroy()
  })
  events.once('end', () => clearInterval(heartbeat))
  events.pipe(reply.raw)
  return reply
}
