import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RuntimeRefusal } from '../errors.js'

/** Requests that ask for an upgrade, with what came after them on their connection. */
const asking = new WeakMap<IncomingMessage, { readonly line: Socket; readonly head: Buffer }>()

/**
 * Has requests that ask for an upgrade routed, checked and refused as all others are; a handler that grants it calls
 * `takeLine`.
 */
export function routeUpgrades(app: FastifyInstance, server: Server): void {
  server.on('upgrade', (request, line, head) => {
    line.on('error', () => line.destroy())
    // The body of any other would not be parsed.
    if (!(line instanceof Socket) || request.method !== 'GET') {
      line.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      return
    }
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(line)
    response.once('finish', () => line.end())
    asking.set(request, { line, head })
    app.routing(request, response)
  })
}

/**
 * Takes the connection of a request, which is no HTTP from here on; the answer 101 is still to be written.
 * @throws RuntimeRefusal when it did not ask for this protocol
 */
export function takeLine(request: FastifyRequest, reply: FastifyReply, protocol: string): Socket {
  const asked = asking.get(request.raw)
  if (asked === undefined || request.headers.upgrade?.toLowerCase() !== protocol) {
    throw new RuntimeRefusal('invalid_request', `this call needs "Upgrade: ${protocol}"`)
  }
  const { line, head } = asked
  reply.hijack()
  reply.raw.detachSocket(line)
  if (head.length > 0) line.unshift(head)
  return line
}

/** The answer that grants an upgrade. */
export const switching = (protocol: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
