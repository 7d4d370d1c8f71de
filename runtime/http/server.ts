import { chmodSync, chownSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { z } from 'zod'
import { statusOf } from '../../protocol/index.js'
import { CgroupWriteError } from '../cgroup/hierarchy.js'
import { RuntimeRefusal } from '../errors.js'

/** A full node has room again when somebody's sandbox ends: nobody knows when, but not in a moment. */
const retryAfterSeconds = 5
/** A run brings its files and input, as base64. */
const maxBodyBytes = 32 * 1024 * 1024

/** One call: what it matches and what it does. Parameters of the path come in order. */
export interface Route {
  readonly method: string
  readonly path: RegExp
  handle(request: Request, ...parameters: string[]): Promise<unknown>
}

/** What a handler may ask of its request. */
export interface Request {
  /** The body, checked. */
  body<T>(schema: z.ZodType<T>): Promise<T>
  /** The parameters after the path, checked. */
  query<T>(schema: z.ZodType<T>): T
  /** The body as it arrives, of any length. Stopping early leaves the line open for an answer. */
  bytes(): AsyncIterable<Uint8Array>
  /** For answers that are streams; what the handler returns is then ignored. */
  readonly response: ServerResponse
}

/** An answer with a status of its own. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body?: unknown,
  ) {}
}

/** Listens on a unix socket, which only root and `group` may open. */
export async function listen(
  routes: readonly Route[],
  socket: string,
  group: string,
  log: Logger,
): Promise<Server> {
  const server = createServer((request, response) => void dispatch(routes, request, response, log))
  rmSync(socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(socket, resolve)
  })
  chownSync(socket, 0, groupId(group) ?? 0)
  chmodSync(socket, 0o660)
  return server
}

async function dispatch(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
  log: Logger,
) {
  const path = request.url?.split('?')[0] ?? ''
  try {
    const answer = await call(routes, request, response, path)
    if (response.headersSent) return
    if (answer instanceof Answer) send(response, answer.status, answer.body)
    else send(response, 200, answer)
  } catch (error) {
    const refusal = refusalOf(error)
    if (refusal.code === 'internal') log.error({ error, method: request.method, path }, 'a call failed')
    if (refusal.code === 'node_full' && !response.headersSent) {
      response.setHeader('retry-after', retryAfterSeconds)
    }
    if (response.headersSent) response.destroy()
    else send(response, statusOf[refusal.code], { code: refusal.code, message: refusal.message })
  }
}

async function call(
  routes: readonly Route[],
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
) {
  for (const route of routes) {
    const match = route.method === request.method ? route.path.exec(path) : null
    if (match === null) continue
    const body = async <T>(schema: z.ZodType<T>) => schema.parse(JSON.parse(await readBody(request)))
    const query = <T>(schema: z.ZodType<T>) => schema.parse(queryOf(request))
    const bytes = () => request.iterator({ destroyOnReturn: false })
    return route.handle({ body, query, bytes, response }, ...match.slice(1))
  }
  throw new RuntimeRefusal('not_found', `there is no ${request.method} ${path}`)
}

function refusalOf(error: unknown): RuntimeRefusal {
  if (error instanceof RuntimeRefusal) return error
  if (error instanceof z.ZodError) return new RuntimeRefusal('invalid_request', z.prettifyError(error))
  if (error instanceof SyntaxError) return new RuntimeRefusal('invalid_request', 'the body is not JSON')
  if (error instanceof CgroupWriteError) return new RuntimeRefusal('invalid_request', error.message)
  return new RuntimeRefusal('internal', error instanceof Error ? error.message : String(error))
}

function queryOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(request.url?.split('?')[1] ?? ''))
}

/** By events: an iterator over the stream takes a quarter of a millisecond more, of each claim. */
function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBodyBytes) chunks.push(chunk)
      else reject(new RuntimeRefusal('payload_too_large', 'the body is longer than 32 MiB'))
    })
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')))
    request.once('error', reject)
  })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (body === undefined) {
    response.writeHead(status === 200 ? 204 : status).end()
    return
  }
  const text = JSON.stringify(body)
  response
    .writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    .end(text)
}

function groupId(name: string): number | undefined {
  const row = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((line) => line.startsWith(`${name}:`))
  return row === undefined ? undefined : Number(row.split(':')[2])
}
