import { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { nodeProtocol, nodeProtocolHeader, protocolMismatch } from '../../protocol/node/index.js'
import { RuntimeRefusal } from '../errors.js'

/** Which every version may call: to see whether a node lives and what it speaks, and to end it. */
const always = new Set(['/healthz', '/node', '/shutdown'])

/**
 * Refuses calls in another version of the node protocol. On the unix socket a call need not name one: there it comes
 * from this installation's own commands, or from an operator.
 */
export function speakOneProtocol(app: FastifyInstance): void {
  const own = String(nodeProtocol)
  app.addHook('onRequest', (request, _, done) => {
    const named = request.headers[nodeProtocolHeader]?.toString()
    const local = !(request.raw.socket instanceof TLSSocket)
    if (named === own || (named === undefined && local) || always.has(request.routeOptions.url ?? '')) done()
    else done(new RuntimeRefusal('runtime_unavailable', protocolMismatch(named, nodeProtocol)))
  })
}
