import type { Server as HttpServer, IncomingMessage } from 'node:http'
import type { FastifyBaseLogger } from 'fastify'
import { Server, type Socket } from 'socket.io'
import { z } from 'zod'
import {
  type ClientToServer,
  maxInputBytes,
  type ServerToClient,
  type SocketAck,
  socketOpen,
  terminalId,
  terminalSize,
} from '../../protocol/api/index.js'
import type { Principal, Principals } from '../auth/principal.js'
import type { AccessWatch } from '../auth/watch.js'
import { ApiError } from '../errors.js'
import { refuseForeignHost } from '../http/hosts.js'
import { asApiError } from '../http/problem.js'
import type { LessonNews } from '../lessons/news.js'
import type { Presence } from '../together/presence.js'
import { serveTogether } from '../together/socket.js'
import { Attachment } from './attachment.js'
import type { TerminalService } from './service.js'

interface Data {
  principal: Principal
}
type Nothing = Record<string, never>
type TerminalSocket = Socket<ClientToServer, ServerToClient, Nothing, Data>

/** Terminals that one socket may look at. */
const maxAttachments = 64
/** A connection that has not said who it is ends after this time. */
const anonymousMs = 5000
const refusedMs = 500
/** Connections that have not said yet who they are. Those whose request has a good credential have as many again. */
const maxAnonymous = 1000
/** Connections of one person or one key: each page has one, and a program needs one. */
const maxOfOne = 256
const handshake = z.object({ token: z.string().max(512).optional() })
const bytes = z.instanceof(Uint8Array)

/** The namespace `/terminals`, for browsers with their cookie and for programs with a key. */
export function serveTerminals(
  http: HttpServer,
  parts: {
    principals: Principals
    watch: AccessWatch
    terminals: TerminalService
    presence: Presence
    lessonNews: LessonNews
    origins: readonly string[]
    hosts: readonly string[]
    log: FastifyBaseLogger
  },
): Server {
  const { principals, watch, terminals, presence, lessonNews, origins, hosts, log } = parts
  const io = new Server<ClientToServer, ServerToClient, Nothing, Data>(http, {
    serveClient: false,
    maxHttpBufferSize: 2 * maxInputBytes,
    // Long enough for a phone that changes networks, short enough for a banner that is true.
    pingInterval: 10_000,
    pingTimeout: 10_000,
    perMessageDeflate: false,
    httpCompression: false,
    connectTimeout: anonymousMs,
    allowRequest: (request, allow) => {
      try {
        refuseForeignHost(request, hosts)
      } catch {
        return allow('host not known', false)
      }
      const { origin } = request.headers
      // A page of another origin has the cookie and must not have the socket.
      const trusted = origin === undefined ? isWithoutSession(principals, request) : origins.includes(origin)
      if (!trusted) return allow('origin not allowed', false)
      const waiting = io.engine.clientsCount - identified
      if (waiting < maxAnonymous) return allow(null, true)
      if (waiting >= 2 * maxAnonymous) return allow('too many connections', false)
      // Whoever says nothing must not keep out those who say who they are.
      principals.identify(request).then(
        () => allow(null, true),
        () => allow('too many connections', false),
      )
    },
  })
  // Nothing is here, and nobody is asked who they are.
  io.of('/').on('connection', (socket) => void socket.disconnect(true))
  let identified = 0
  const ofEach = new Map<string, number>()
  // A client that does not answer a closing handshake would keep its connection for half a minute more.
  const named = new WeakSet<object>()
  io.engine.on('connection', (conn: { request: IncomingMessage }) => {
    setTimeout(() => {
      if (!named.has(conn)) conn.request.socket.destroy()
    }, anonymousMs + refusedMs).unref()
  })
  io.of('/terminals').use((socket: TerminalSocket, next) => {
    const refuse = (error: unknown) => {
      next(handshakeError(error))
      // Whoever is refused keeps the connection below it otherwise; the reason must arrive first.
      setTimeout(() => socket.conn.close(), refusedMs)
    }
    identify(principals, socket).then((principal) => {
      const id = idOf(principal)
      if ((ofEach.get(id) ?? 0) >= maxOfOne) return refuse(tooMany())
      // Counted here, so that of many at once none gets past the bound.
      ofEach.set(id, (ofEach.get(id) ?? 0) + 1)
      socket.conn.once('close', () => {
        const left = (ofEach.get(id) ?? 1) - 1
        if (left > 0) ofEach.set(id, left)
        else ofEach.delete(id)
      })
      socket.data.principal = principal
      next()
    }, refuse)
  })
  io.of('/terminals').on('connection', (socket: TerminalSocket) => {
    identified++
    named.add(socket.conn)
    const attachments = new Map<string, Attachment>()
    serveTogether(socket, socket.data.principal, presence, (error) => refusal(error, log))
    const ended = watch.add(socket.data.principal, () => void socket.disconnect(true))
    const untold = lessonNews.add(socket.data.principal, () => void socket.emit('lesson'))
    socket.once('disconnect', () => {
      identified--
      ended()
      untold()
      for (const attachment of attachments.values()) attachment[Symbol.dispose]()
    })

    const open: ClientToServer['open'] = async (request, answer) => {
      try {
        const wanted = socketOpen.parse(request)
        if (attachments.size >= maxAttachments) {
          throw new ApiError('conflict', `a connection can attach to at most ${maxAttachments} terminals`)
        }
        const { principal } = socket.data
        const { sandboxId: id, cols, rows, cwd, user = 'user', since } = wanted
        const terminal =
          wanted.terminalId ??
          (
            await terminals.open(principal, id, {
              ...{ cols, rows, user },
              ...(cwd ? { cwd } : {}),
            })
          ).id
        attachments.get(terminal)?.[Symbol.dispose]()
        // A terminal that was just made has written nothing that a screen could show.
        const from = wanted.terminalId === undefined ? undefined : since
        const attaching = await terminals.attach(principal, id, terminal, from)
        const attachment = new Attachment(terminal, id, attaching, socket, () => {
          if (attachments.get(terminal) === attachment) attachments.delete(terminal)
        })
        if (socket.disconnected) return attachment[Symbol.dispose]()
        attachments.set(terminal, attachment)
        const attached = await attachment.attached
        // Whoever comes back does not take the size from who has it meanwhile.
        attachment.resize(cols, rows, since === undefined)
        answer({ ok: true, ...attached, mayType: attaching.held.may('terminal.open') })
        attachment.start()
      } catch (error) {
        answer(refusal(error, log))
      }
    }
    const close: ClientToServer['close'] = async (id, answer) => {
      try {
        const attachment = attachments.get(id)
        if (attachment === undefined)
          throw new ApiError('not_found', 'this terminal is not open on this connection')
        await terminals.close(socket.data.principal, attachment.sandboxId, id)
        answer?.({ ok: true })
      } catch (error) {
        answer?.(refusal(error, log))
      }
    }
    socket.on('open', (request, answer) => {
      if (typeof answer === 'function') void open(request, answer)
    })
    socket.on('close', (id, answer) => void close(id, typeof answer === 'function' ? answer : undefined))
    // What is not of the form that the protocol says is dropped: there is nobody to tell.
    socket.on('input', (id, input) => {
      if (bytes.safeParse(input).success && input.length <= maxInputBytes) attachments.get(id)?.input(input)
    })
    socket.on('resize', (id, cols, rows, claim) => {
      const size = terminalSize.safeParse({ cols, rows })
      if (size.success) attachments.get(id)?.resize(size.data.cols, size.data.rows, claim !== false)
    })
    socket.on('ack', (id, seq) => {
      if (Number.isSafeInteger(seq) && seq >= 0) attachments.get(id)?.acknowledge(seq)
    })
    socket.on('detach', (id) => {
      if (terminalId.safeParse(id).success) attachments.get(id)?.[Symbol.dispose]()
    })
  })
  return io
}

/** A token that is none is refused, not passed over: the cookie would then decide who this is. */
async function identify(principals: Principals, socket: TerminalSocket): Promise<Principal> {
  const { token } = handshake.parse(socket.handshake.auth)
  return principals.identify(socket.request, token)
}

const idOf = ({ userId, keyId }: Principal) => userId ?? keyId ?? ''

const tooMany = () =>
  new ApiError(
    'rate_limited',
    `there are ${maxOfOne} terminal connections of this account or API key already, which is the limit; close some first`,
  )

function isWithoutSession(principals: Principals, request: IncomingMessage): boolean {
  try {
    return principals.credentialOf(request)?.kind !== 'session'
  } catch {
    return false // it carries several
  }
}

function refusal(error: unknown, log: FastifyBaseLogger): Extract<SocketAck<object>, { ok: false }> {
  const { code, message } = asApiError(error)
  if (code === 'internal') log.error({ err: error }, 'a terminal call failed')
  return { ok: false, error: { code, message } }
}

function handshakeError(error: unknown): Error {
  const { code, message } = asApiError(error)
  return Object.assign(new Error(message), { data: { code, message } })
}
