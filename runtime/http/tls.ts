import { constants } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import { every } from '../../common/timers.js'
import { serverCertificateName } from '../../protocol/node/index.js'
import { keepAliveTimeoutMs, type Listener, serve } from './listen.js'

/** Where a node listens for servers on other machines, and the files (PEM) that it shows and trusts. */
export interface TlsSettings {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** A peer that has not shown its certificate by then is cut off. */
const handshakeTimeoutMs = 10_000
/** How soon renewed files count. */
const usualRereadMs = 60_000
/** Of peers that are refused one in so many is logged: whoever reaches the port can make many. */
const logEvery = 100
/** Extended key usage `clientAuth`. @see RFC 5280, 4.2.1.12 */
const clientAuth = '1.3.6.1.5.5.7.3.2'

/**
 * Listens for servers on other machines. Nothing reaches the application but the calls of a peer that has shown a
 * certificate of the installation's authority that was made for servers: one of a node, which is made for nodes only,
 * opens no other node.
 * @throws when a file cannot be read or the address is taken
 */
export async function listenOnTls(
  app: FastifyInstance,
  settings: TlsSettings,
  log: Logger,
  rereadMs = usualRereadMs,
): Promise<Listener & { readonly port: number }> {
  let files = read(settings)
  const server = createServer(
    {
      ...secure(files),
      ...{ requestCert: true, rejectUnauthorized: true, handshakeTimeout: handshakeTimeoutMs },
      ...{ keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: 0 },
    },
    (request, response) => app.routing(request, response),
  )
  let refused = 0
  const refuse = (why: string, socket: TLSSocket) => {
    if (refused++ % logEvery === 0)
      log.warn({ why, from: socket.remoteAddress, refused }, 'a peer is refused')
    socket.destroy()
  }
  // Before the listener of Node, which begins to read requests.
  server.prependListener('secureConnection', (socket) => {
    if (!isServer(socket)) refuse('its certificate was not made for servers', socket)
  })
  server.on('tlsClientError', (error, socket) => refuse(error.message, socket))
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(settings.port, settings.host, resolve)
  })
  const rereading = every(rereadMs, 'reading the certificates of the node again', log, () => {
    const now = read(settings)
    if (Object.values(now).join() === Object.values(files).join()) return
    server.setSecureContext(secure(now))
    files = now
    log.info('the certificates of the node were read again')
  })
  const listener = serve(app, server)
  return {
    port: portOf(server.address()),
    close: () => {
      rereading[Symbol.dispose]()
      return listener.close()
    },
  }
}

function isServer(socket: TLSSocket): boolean {
  const certificate = socket.getPeerX509Certificate()
  if (!socket.authorized || certificate === undefined) return false
  return (
    certificate.keyUsage?.includes(clientAuth) === true &&
    certificate.checkHost(serverCertificateName, { subject: 'never' }) !== undefined
  )
}

function read({ ca, cert, key }: TlsSettings) {
  return { ca: readFileSync(ca, 'utf8'), cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

/** Without tickets: a session that is taken up again would not show its certificate anew, which may have expired. */
const secure = (files: { ca: string; cert: string; key: string }) =>
  ({ ...files, minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET }) as const

const portOf = (address: string | AddressInfo | null) =>
  address === null || typeof address === 'string' ? 0 : address.port
