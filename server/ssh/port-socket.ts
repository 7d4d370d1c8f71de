import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type Duplex, pipeline } from 'node:stream'
import type { Logger } from '../../common/log.js'
import { portNumber, sandboxId, sshPortLine } from '../../protocol/api/index.js'
import type { AccessWatch } from '../auth/watch.js'
import { forbidden } from '../errors.js'
import { refuseForeignHost } from '../http/hosts.js'
import { asApiError } from '../http/problem.js'
import { sendError } from '../previews/page.js'
import type { SandboxService } from '../sandboxes/service.js'
import { holdOpen } from './hold.js'
import type { SshSessions } from './sessions.js'

const pathPattern = /^\/api\/v1\/sandboxes\/([^/?]*)\/ports\/(\d{1,5})\/connect$/

interface Parts {
  readonly sessions: SshSessions
  readonly watch: AccessWatch
  readonly sandboxes: SandboxService
  readonly hosts: readonly string[]
  readonly log: Logger
}

/**
 * Connections of the gateway to ports of sandboxes, for `ssh -L` and `-D`: upgraded requests, which are the bytes of the port from then
 * on. Other upgrades stay with whoever listens now.
 */
export function serveSshPorts(http: Server, parts: Parts): void {
  const others = http.listeners('upgrade')
  http.removeAllListeners('upgrade')
  http.on('upgrade', (request: IncomingMessage, line: Duplex, head: Buffer) => {
    const [, id, port] = pathPattern.exec(request.url ?? '') ?? []
    if (id !== undefined && request.headers.upgrade === sshPortLine) {
      void connect(parts, request, line, head, id, Number(port))
    } else for (const listener of others) listener.call(http, request, line, head)
  })
}

async function connect(
  { sessions, watch, sandboxes, hosts, log }: Parts,
  request: IncomingMessage,
  line: Duplex,
  head: Buffer,
  id: string,
  port: number,
): Promise<void> {
  line.on('error', () => line.destroy())
  try {
    refuseForeignHost(request, hosts)
    const who = await sessions.require(request)
    const sandbox = sandboxId.parse(id)
    if (sandbox !== who.ssh.sandboxId) throw forbidden('a connection by SSH is for one sandbox')
    const node = await sandboxes.authorize(who, 'port.open', sandbox)
    const release = await holdOpen({ sandboxes, watch }, who, 'port.open', () => line.destroy())
    if (line.destroyed) return release()
    line.once('close', release)
    await sandboxes.visit(sandbox, line)
    const there = await node.connectPort(sandbox, portNumber.parse(port))
    if (line.destroyed) return void there.destroy()
    line.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${sshPortLine}\r\n\r\n`)
    if (head.length > 0) there.write(head)
    // Either side may end first and read on.
    pipeline(line, there, () => {})
    pipeline(there, line, () => {})
  } catch (error) {
    const refusal = asApiError(error)
    if (refusal.code === 'internal') log.error({ err: error }, 'a port was not reached')
    refuse(request, line, refusal)
  }
}

function refuse(request: IncomingMessage, line: Duplex, error: ReturnType<typeof asApiError>): void {
  if (!(line instanceof Socket) || line.destroyed) return void line.destroy()
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  response.assignSocket(line)
  response.once('finish', () => line.end())
  sendError(request, response, error)
}
