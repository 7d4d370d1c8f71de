import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { FastifyInstance } from 'fastify'
import { asApiError } from '../http/problem.js'
import { openPath } from './handover.js'
import type { PreviewHosts } from './hosts.js'
import { sendError } from './page.js'
import type { Previews } from './previews.js'

/**
 * Gives requests for previews to `previews`, all others to whoever listens now: the API, pages and sockets, none of which
 * sees anything of a preview. To be called when these listen.
 */
export function servePreviews(server: Server, previews: Previews): void {
  const requests = server.listeners('request')
  const upgrades = server.listeners('upgrade')
  server.removeAllListeners('request').removeAllListeners('upgrade')
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const preview = previews.of(request)
    if (preview !== undefined) void previews.request(request, response, preview)
    else for (const listener of requests) listener.call(server, request, response)
  })
  server.on('upgrade', (request: IncomingMessage, line: Duplex, head: Buffer) => {
    const preview = previews.of(request)
    if (preview === undefined) {
      for (const listener of upgrades) listener.call(server, request, line, head)
      return
    }
    line.on('error', () => line.destroy())
    if (!(line instanceof Socket)) return void line.destroy()
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(line)
    response.once('finish', () => line.end())
    void previews.upgrade(request, line, head, response, preview)
  })
}

/** The one route of the platform that previews need: where a browser gets its way into a preview. */
export function handoverRoute(app: FastifyInstance, { handover }: Previews): void {
  app.get(openPath, { schema: { hide: true } }, async (request, reply) => {
    let next: string
    try {
      next = await handover.open(request.raw, request.query)
    } catch (error) {
      // A page that says why, also in the frame of a workspace.
      const refusal = asApiError(error)
      if (refusal.code === 'internal') request.log.error({ err: error }, 'a preview was not opened')
      reply.hijack()
      return sendError(request.raw, reply.raw, refusal)
    }
    return reply.header('referrer-policy', 'no-referrer').redirect(next, 303)
  })
}

/**
 * What pages of the platform may show in a frame: previews, and on the way there the route that hands over. The page itself
 * refuses to be framed.
 */
export function framesOf({ source }: PreviewHosts, publicUrl: string): string[] {
  return source === null ? [] : [source, new URL(openPath, publicUrl).href]
}
