import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocketServer } from 'ws'
import type { Logger } from '../../common/log.js'
import { maxClientMessageBytes, openLanguageServer, sandboxId } from '../../protocol/api/index.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import { ApiError, forbidden } from '../errors.js'
import { refuseForeignHost } from '../http/hosts.js'
import { asApiError } from '../http/problem.js'
import { sendError } from '../previews/page.js'
import { LanguageServerConnection } from './connection.js'
import { type LanguageServerService, NotInstalled, TooMany } from './service.js'

/** Connections of one person or one key. */
const maxOfOne = 64
const pathPattern = /^\/api\/v1\/sandboxes\/([^/?]*)\/lsp(?:\?(.*))?$/

interface Parts {
  readonly principals: Principals
  readonly watch: AccessWatch
  readonly servers: LanguageServerService
  readonly origins: readonly string[]
  readonly hosts: readonly string[]
  readonly log: Logger
}

/** The WebSocket `/api/v1/sandboxes/{id}/lsp`; other upgrades stay with whoever listens now. */
export function serveLanguageServers(http: Server, parts: Parts): { close(): void } {
  const others = http.listeners('upgrade')
  const sockets = new LanguageServerSockets(parts)
  http.removeAllListeners('upgrade')
  http.on('upgrade', (request: IncomingMessage, line: Duplex, head: Buffer) => {
    const [, id, query = ''] = pathPattern.exec(request.url ?? '') ?? []
    if (id !== undefined) void sockets.upgrade(request, line, head, id, query)
    else for (const listener of others) listener.call(http, request, line, head)
  })
  return sockets
}

class LanguageServerSockets {
  readonly #ofEach = new Map<string, number>()
  readonly #open = new Set<LanguageServerConnection>()
  readonly #sockets = new WebSocketServer({
    ...{ noServer: true, maxPayload: maxClientMessageBytes, perMessageDeflate: false, clientTracking: false },
  })

  constructor(private readonly parts: Parts) {}

  async upgrade(
    request: IncomingMessage,
    line: Duplex,
    head: Buffer,
    id: string,
    query: string,
  ): Promise<void> {
    line.on('error', () => line.destroy())
    let leave = () => {}
    try {
      const who = await this.#identify(request)
      const sandbox = sandboxId.parse(id)
      const wanted = openLanguageServer.parse(Object.fromEntries(new URLSearchParams(query)))
      leave = this.#enter(who)
      line.once('close', leave)
      if (line.destroyed) return leave()
      this.#sockets.handleUpgrade(request, line, head, (socket) => {
        const connection = new LanguageServerConnection(socket, this.parts.log)
        this.#open.add(connection)
        const unwatch = this.parts.watch.add(who, () =>
          connection.end('accessEnded', 'the access that this was opened with has ended'),
        )
        let release = () => {}
        socket.once('close', () => {
          this.#open.delete(connection)
          unwatch()
          release()
        })
        const start = async () => {
          const process = await this.parts.servers.open(who, sandbox, wanted)
          const held = await this.parts.servers.hold(who, sandbox, () =>
            connection.end('accessEnded', 'the sandbox is not shared with you any more'),
          )
          release = held.release
          if (socket.readyState !== socket.OPEN) release()
          return process
        }
        start().then(
          (process) => connection.join(process),
          (error: unknown) => this.#refuse(connection, error),
        )
      })
    } catch (error) {
      leave()
      refuseUpgrade(request, line, asApiError(error))
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const connection of this.#open)
      connection.end('restart', 'the server of the platform ends; connect again')
  }

  /** @throws ApiError `invalid_request`, `forbidden`, `unauthenticated` */
  async #identify(request: IncomingMessage): Promise<Principal> {
    const { principals, origins, hosts } = this.parts
    refuseForeignHost(request, hosts)
    const { origin } = request.headers
    // A page of another origin has the cookie, and must not have the socket; a key it would not have.
    const byKey = principals.credentialOf(request)?.kind === 'key'
    if (!byKey && (origin === undefined || !origins.includes(origin))) {
      throw forbidden('a WebSocket with a session cookie is for pages of this platform only; use an API key')
    }
    return principals.identify(request)
  }

  /** @returns what takes it back */
  #enter({ userId, keyId }: Principal): () => void {
    const id = userId ?? keyId ?? ''
    const here = this.#ofEach.get(id) ?? 0
    if (here >= maxOfOne) {
      throw new ApiError(
        'rate_limited',
        `this account or API key has ${maxOfOne} language servers open already; close some`,
      )
    }
    this.#ofEach.set(id, here + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      const rest = (this.#ofEach.get(id) ?? 1) - 1
      if (rest > 0) this.#ofEach.set(id, rest)
      else this.#ofEach.delete(id)
    }
  }

  #refuse(connection: LanguageServerConnection, error: unknown): void {
    if (error instanceof NotInstalled) return void connection.end('notInstalled', error.message)
    if (error instanceof TooMany) return void connection.end('tooMany', error.message)
    const refusal = asApiError(error)
    const { code, message } = refusal
    if (code === 'internal') this.parts.log.error({ err: error }, 'a language server was not started')
    connection.end(code === 'not_found' ? 'notFound' : 'refused', message, { code })
  }
}

/** Refuses before there is a WebSocket, as HTTP does. */
function refuseUpgrade(request: IncomingMessage, line: Duplex, error: ApiError): void {
  if (!(line instanceof Socket) || line.destroyed) return void line.destroy()
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(line)
  response.once('finish', () => line.end())
  sendError(request, response, error)
}
