import { type JSONRPCRequest, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/sdk/types.js'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { newId } from '../../protocol/api/index.js'
import { ApiError } from '../errors.js'
import { asApiError, sendProblem } from '../http/problem.js'
import { sendWhenReady } from '../http/slow.js'
import { Answer, asJson } from './answer.js'
import type { Cancellations } from './cancellations.js'
import { failureOf, idMax, messagesOf, ProtocolError, type Response } from './messages.js'
import { answerOf } from './methods.js'
import type { Context, Services } from './tool.js'

/** A file that is written, as JSON. */
const bodyBytes = 20 * 1024 * 1024

/** Of a longer one there is no call. */
const requestId = z.union([z.string().max(idMax), z.number()])
const cancelled = z.looseObject({ requestId })
const withProgress = z.looseObject({ _meta: z.looseObject({ progressToken: requestId }) })
const sessionId = z.string().regex(/^[\x21-\x7e]{1,128}$/)

interface Wiring {
  readonly services: Services
  readonly cancellations: Cancellations
  readonly heartbeatMs: number
  /** Address of what says where tokens come from. */
  readonly metadataUrl: string
}

/** One POST. */
interface Post {
  readonly request: FastifyRequest
  /** The name of the client among those with the same key; undefined of one that keeps none. */
  readonly session: string | undefined
  /** Undefined for a client that takes JSON only. */
  readonly answer: Answer | undefined
  /** Nobody waits for the answer any more. */
  readonly gone: AbortSignal
}

/**
 * `/mcp`: the Model Context Protocol over streamable HTTP, below a scope that knows the principal. Each POST is complete
 * in itself, so any server answers any of them.
 * @see https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
 */
export function mcpRoutes(app: FastifyInstance, wiring: Wiring): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = asApiError(error)
    return refusal.code === 'unauthenticated'
      ? challenge(wiring, refusal, request, reply)
      : sendProblem(error, request, reply)
  })
  app.addHook('onRequest', async ({ principal }, reply) => {
    reply.header('cache-control', 'no-store')
    if (principal.kind === 'key') return
    throw new ApiError(
      'unauthenticated',
      'send an API key or an access token as `Authorization: Bearer …`; no session is taken here',
    )
  })
  app.route({
    ...{ method: 'POST', url: '/mcp', bodyLimit: bodyBytes, schema: { hide: true } },
    handler: (request, reply) => posted(wiring, request, reply),
  })
  app.route({
    method: ['GET', 'DELETE'],
    ...{ url: '/mcp', schema: { hide: true } },
    handler: async (_, reply) => {
      const refusal = new ProtocolError(-32000, 'POST each message: there is no stream and no session to end')
      return asJson(reply).code(405).header('allow', 'POST').send(failureOf(null, refusal))
    },
  })
}

/** @see RFC 6750, 3, and RFC 9728, 5.1 */
function challenge(
  { metadataUrl }: Wiring,
  refusal: ApiError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const wrong = request.headers.authorization === undefined ? '' : ', error="invalid_token"'
  return asJson(reply)
    .code(401)
    .header('www-authenticate', `Bearer realm="Cloche", resource_metadata="${metadataUrl}"${wrong}`)
    .send(failureOf(null, refusal))
}

async function posted(wiring: Wiring, request: FastifyRequest, reply: FastifyReply) {
  assertVersion(request.headers['mcp-protocol-version'])
  const { requests, notifications, isBatch } = messagesOf(request.body)
  const session = sessionId.safeParse(request.headers['mcp-session-id']).data
  const { keyId } = request.principal
  for (const { method, params } of notifications) {
    const named = cancelled.safeParse(params)
    if (method !== 'notifications/cancelled' || !named.success) continue
    if (session === undefined || keyId === null) continue
    await wiring.cancellations.cancel({ keyId, session, request: named.data.requestId })
  }
  if (requests.length === 0) return reply.code(202).send()
  // It names the client among those with the same key, for what is cancelled; nothing is kept of it.
  if (requests.some(({ method }) => method === 'initialize')) reply.header('mcp-session-id', newId('ms'))
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const streams = request.headers.accept?.includes('text/event-stream') ?? false
  const answer = streams ? new Answer(reply, wiring.heartbeatMs) : undefined
  const post: Post = { request, session, answer, gone: gone.signal }
  const responses = requests.map((one) => responseOf(wiring, post, one))
  if (answer !== undefined) return answer.send(responses, isBatch)
  const whole = Promise.all(responses).then((all) => {
    const [first = failureOf(null, cancelledCall()), ...more] = all.filter((one) => one !== undefined)
    return isBatch ? [first, ...more] : first
  })
  return sendWhenReady(asJson(reply), whole, wiring.heartbeatMs)
}

const cancelledCall = () => new ApiError('conflict', 'the call was cancelled')

/** @throws ApiError `invalid_request` for a version that the client cannot have been told */
function assertVersion(header: string | readonly string[] | undefined): void {
  if (header === undefined) return
  if (typeof header === 'string' && SUPPORTED_PROTOCOL_VERSIONS.includes(header)) return
  throw new ApiError(
    'invalid_request',
    `MCP-Protocol-Version: is none of ${SUPPORTED_PROTOCOL_VERSIONS.join(', ')}`,
  )
}

/** @returns undefined when the client has cancelled it */
async function responseOf(
  wiring: Wiring,
  post: Post,
  request: JSONRPCRequest,
): Promise<Response | undefined> {
  const { services, cancellations } = wiring
  const { principal: who, log } = post.request
  const { id } = request
  const ends = new AbortController()
  const cancel = () => ends.abort()
  let isCancelled = false
  const cancelByClient = () => {
    isCancelled = true
    cancel()
  }
  const { session } = post
  const ended =
    session === undefined || who.keyId === null
      ? () => {}
      : cancellations.add({ keyId: who.keyId, session, request: id }, cancelByClient)
  const context: Context = {
    ...{ who, services, cancel, progress: progressOf(post, request) },
    log,
    signal: AbortSignal.any([ends.signal, post.gone]),
  }
  try {
    const result = await answerOf(context, request)
    return isCancelled ? undefined : { jsonrpc: '2.0', id, result }
  } catch (error) {
    const failure = failureOf(id, error)
    if (!(error instanceof ProtocolError) && asApiError(error).code === 'internal') {
      log.error({ err: error, method: request.method }, 'a call of the Model Context Protocol failed')
    }
    return isCancelled ? undefined : failure
  } finally {
    ended()
  }
}

function progressOf({ answer }: Post, { params }: JSONRPCRequest): Context['progress'] {
  const wanted = withProgress.safeParse(params)
  if (answer === undefined || !wanted.success) return undefined
  const { progressToken } = wanted.data._meta
  return (progress, message) =>
    answer.tell({
      ...{ jsonrpc: '2.0', method: 'notifications/progress' },
      params: { progressToken, progress, message },
    })
}
