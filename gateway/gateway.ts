import { createServer, type Socket } from 'node:net'
import ssh2 from 'ssh2'
import type { Logger } from '../common/log.js'
import { Api, openAgent } from './api.js'
import { authenticate } from './authenticate.js'
import type { Config } from './config.js'
import { serve } from './connection.js'
import {
  keepAliveMs,
  keepAlivesMissed,
  loginGraceMs,
  maxConnections,
  maxUnauthenticated,
  maxUnauthenticatedOfAddress,
} from './limits.js'

/** Nothing with SHA-1 or CBC, and no compression: a few bytes of it become many, before anybody has proved who they are. */
const algorithms = {
  kex: [
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'chacha20-poly1305@openssh.com',
    'aes128-ctr',
    'aes256-ctr',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} satisfies ssh2.Algorithms

export interface Gateway extends AsyncDisposable {
  readonly port: number
}

/**
 * Answers SSH. It speaks the protocol, and nothing else: who somebody is, and what they may do, the server decides at each call, in their
 * name. Half of what connects to a port on the internet is no client: it costs a socket, until the time to log in is over.
 */
export async function openGateway(config: Config, log: Logger): Promise<Gateway> {
  const agent = openAgent()
  const api = new Api(config.server, agent, config.secret)
  const unauthenticated = new Map<Socket, string>()
  const open = new Set<Socket>()
  const bySource = new Map<string, Socket>()
  const ssh = new ssh2.Server({
    ...{ hostKeys: [config.privateKey], algorithms, ident: 'Cloche' },
    ...{ keepaliveInterval: keepAliveMs, keepaliveCountMax: keepAlivesMissed },
  })
  ssh.on('connection', (client, { ip, port }) => {
    const socket = bySource.get(`${ip} ${port}`)
    // What a client does wrong ends its connection; it is nothing of ours.
    client.on('error', (error) => log.debug({ error: error.message, ip }, 'a connection failed'))
    if (socket === undefined) return void client.end()
    authenticate(client, api, ip, log)
      .then((entered) => {
        if (socket.destroyed) return entered.session === undefined ? undefined : entered.leave()
        unauthenticated.delete(socket)
        serve(client, socket, entered, log)
      })
      .catch((error: unknown) => {
        log.debug({ error, ip }, 'nobody was let in')
        socket.destroy()
      })
  })
  const server = createServer((socket) => {
    const address = socket.remoteAddress ?? ''
    socket.on('error', () => socket.destroy())
    const ofAddress = [...unauthenticated.values()].filter((one) => one === address).length
    if (
      open.size >= maxConnections ||
      unauthenticated.size >= maxUnauthenticated ||
      ofAddress >= maxUnauthenticatedOfAddress
    ) {
      return void socket.destroy()
    }
    const source = `${address} ${socket.remotePort}`
    socket.setNoDelay(true)
    open.add(socket)
    unauthenticated.set(socket, address)
    bySource.set(source, socket)
    const grace = setTimeout(() => {
      if (unauthenticated.has(socket)) socket.destroy()
    }, loginGraceMs)
    socket.once('close', () => {
      clearTimeout(grace)
      open.delete(socket)
      unauthenticated.delete(socket)
      bySource.delete(source)
    })
    ssh.injectSocket(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(config.port, config.host, resolve)
  })
  server.on('error', (error) => log.error({ error }, 'a connection could not be taken'))
  const address = server.address()
  log.info({ host: config.host, port: config.port }, 'SSH is answered')
  return {
    port: typeof address === 'object' && address !== null ? address.port : config.port,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of open) socket.destroy()
      await closed
      await agent.destroy()
    },
  }
}
