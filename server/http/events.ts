import type { Readable } from 'node:stream'
import type { FastifyReply } from 'fastify'

/**
 * Answers with a stream of server-sent events, a whole one in each chunk. Headers and a comment are sent at once, and a
 * comment again whenever `heartbeatMs` have passed: clients and proxies close a connection that is silent for a minute
 * or more, and a command may be. Closing the connection destroys the stream.
 */
export function sendEvents(reply: FastifyReply, events: Readable, heartbeatMs: number): FastifyReply {
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
  const beat = () => {
    if (!reply.raw.writableNeedDrain) reply.raw.write(':\n\n')
  }
  beat()
  const heartbeat = setInterval(beat, heartbeatMs)
  reply.raw.once('close', () => {
    clearInterval(heartbeat)
    events.destroy()
  })
  // Headers are out: all that is left is to break off.
  events.once('error', (error) => {
    reply.log.warn({ err: error }, 'a stream of events broke off')
    reply.raw.destroy()
  })
  events.once('end', () => clearInterval(heartbeat))
  events.pipe(reply.raw)
  return reply
}
