import { chmodSync, chownSync, readFileSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Writable } from 'node:stream'
import type { Logger } from 'pino'
import { z } from 'zod'
import { statusOf } from '../../protocol/api/index.js'
import { CgroupWriteError } from '../cgroup/hierarchy.js'
import { RuntimeRefusal } from '../errors.js'

/** A full node has room again when somebody's sandbox ends: nobody knows when, but not in a moment. */
const retryAfterSeconds = 5
/** A run brings its files and input, as base64. */
export const maxBodyBytes = 32 * 1024 * 1024

/** One call: what it matches and what it does. Parameters of the path come in order. */
export interface Route {
  readonly method: string
  readonly path: RegExp
  handle(request: Request, ...parameters: string[]): Promise<unknown>
}

/** What a handler may ask of its request, whether that came over HTTP or on a line of calls. */
export interface Request {
  /** The body, checked. */
  body<T>(schema: z.ZodType<T>): Promise<T>
  /** The parameters after the path, checked. */
  query<T>(schema: z.ZodType<T>): T
  /** Begins an answer of frames; what the handler returns is then ignored. */
  frames(): FrameSink
  /** Over HTTP alone: the body as it arrives, of any length. Stopping early leaves the line open for an answer. */
  bytes(): AsyncIterable<Uint8Array>
  /** Over HTTP alone, for answers that are streams; what the handler returns is then ignored. */
  readonly response: ServerResponse
}

/** Where an answer of frames goes. */
export interface FrameSink {
  /** It takes frames until `end`; `write` and `drain` tell whether the reader keeps up. */
  readonly out: Writable
  /** Calls `gone` should the reader go before the end. */
  onGone(gone: () => void): void
  /** @param last the frame that ends the answer */
  end(last: Buffer): void
}

/** An answer with a status of its own. */
export class Answer {
  constructor(
    readonly status: number,
    readonly body?: unknown,
    readonly retryAfterSeconds?: number,
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
  const { method = '', url = '' } = request
  const answer = await answerTo(routes, { method, url }, overHttp(request, response), log)
  if (!response.headersSent) send(response, answer)
  else if (answer.status >= 400) response.destroy()
}

/** Finds who answers a call, and has it answered. Never fails: a refusal is an answer too. */
export async function answerTo(
  routes: readonly Route[],
  { method, url }: { readonly method: string; readonly url: string },
  request: Request,
  log: Logger,
): Promise<Answer> {
  const path = url.split('?')[0] ?? ''
  try {
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(path) : null
      if (match === null) continue
      const answer = await route.handle(request, ...match.slice(1))
      return answer instanceof Answer ? answer : new Answer(answer === undefined ? 204 : 200, answer)
    }
    throw new RuntimeRefusal('not_found', `there is no ${method} ${path}`)
  } catch (error) {
    const { code, message, retryAfterSeconds: after } = refusalOf(error)
    if (code === 'internal' || (code === 'disk_full' && !(error instanceof RuntimeRefusal))) {
      log.error({ error, method, path }, 'a call failed')
    }
    return new Answer(
      statusOf[code],
      { code, message },
      after ?? (code === 'node_full' ? retryAfterSeconds : undefined),
    )
  }
}

/** What the kernel answers when the node itself cannot write. What a sandbox's own limits refuse is told elsewhere. */
const unwritable = new Set(['ENOSPC', 'EROFS', 'EDQUOT'])

function overHttp(request: IncomingMessage, response: ServerResponse): Request {
  return {
    response,
    body: async (schema) => {
      const text = await readBody(request)
      return schema.parse(text === '' ? undefined : JSON.parse(text))
    },
    query: (schema) => schema.parse(queryOf(request.url)),
    bytes: () => request.iterator({ destroyOnReturn: false }),
    frames: () => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      return {
        out: response,
        onGone: (gone) => {
          if (response.destroyed) gone()
          response.once('close', () => !response.writableFinished && gone())
        },
        end: (last) => void response.end(last),
      }
    },
  }
}

function refusalOf(error: unknown): RuntimeRefusal {
  if (error instanceof RuntimeRefusal) return error
  if (error instanceof z.ZodError) return new RuntimeRefusal('invalid_request', z.prettifyError(error))
  if (error instanceof SyntaxError) return new RuntimeRefusal('invalid_request', 'the body is not JSON')
  if (error instanceof CgroupWriteError) return new RuntimeRefusal('invalid_request', error.publicMessage)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (unwritable.has(code)) {
    return new RuntimeRefusal(
      'disk_full',
      "this node's disk is full or read-only; try again later",
      retryAfterSeconds,
    )
  }
  // What it says may name files of the host. The log has it.
  return new RuntimeRefusal('internal', 'the runtime failed; its log says why')
}

export function queryOf(url = ''): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(url.split('?')[1] ?? ''))
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

function send(response: ServerResponse, { status, body, retryAfterSeconds }: Answer): void {
  if (retryAfterSeconds !== undefined) response.setHeader('retry-after', retryAfterSeconds)
  if (body === undefined) {
    response.writeHead(status).end()
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
