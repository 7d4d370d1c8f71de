import { Agent, type IncomingMessage, request } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { z } from 'zod'
import {
  type Change,
  type Claim,
  type ExecRequest,
  node,
  type OpenTerminal,
  type Quota,
  runtimeError,
  runtimeSandbox,
  template,
  terminal,
} from '../../protocol/index.js'
import { ApiError } from '../errors.js'

/** A runtime that does not answer is retried by people, not by us; soon is this many seconds. */
const retryAfterSeconds = 5
/** Longer than any call but a stream takes; a runtime that hangs must not hang the server. */
const silenceMs = 60_000

const sandboxes = z.object({ sandboxes: z.array(runtimeSandbox) })
const templates = z.object({ templates: z.array(template) })
const terminals = z.object({ terminals: z.array(terminal) })
const nothing = z.unknown()
/** Calls whose answer takes as long as it takes. */
const streams = /\/(exec|files|archive|runs)(\?|$)/

type Query = Readonly<Record<string, string | number | boolean | undefined>>

function withQuery(path: string, query: Query): string {
  const set = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set)}`
}

/** The calls of `protocol/runtime.ts`, over the runtime's unix socket. */
export class RuntimeClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 16 })

  constructor(private readonly socketPath: string) {}

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  health = () => this.#call('GET', '/healthz', nothing)
  node = () => this.#call('GET', '/node', node)
  templates = async () => (await this.#call('GET', '/templates', templates)).templates
  list = async () => (await this.#call('GET', '/sandboxes', sandboxes)).sandboxes
  get = (id: string) => this.#call('GET', `/sandboxes/${id}`, runtimeSandbox)
  claim = (id: string, claim: Claim) => this.#call('PUT', `/sandboxes/${id}`, runtimeSandbox, claim)
  change = (id: string, change: Change) => this.#call('PATCH', `/sandboxes/${id}`, runtimeSandbox, change)
  act = (id: string, action: 'pause' | 'resume' | 'stop' | 'start') =>
    this.#call('POST', `/sandboxes/${id}/${action}`, runtimeSandbox)
  remove = (id: string) => this.#call('DELETE', `/sandboxes/${id}`, nothing)
  setQuota = (tenantId: string, quota: Quota) =>
    this.#call('PUT', `/tenants/${tenantId}/quota`, nothing, quota)
  actOnTenant = (tenantId: string, action: 'pause' | 'resume') =>
    this.#call('POST', `/tenants/${tenantId}/${action}`, nothing)
  terminals = async (id: string) =>
    (await this.#call('GET', `/sandboxes/${id}/terminals`, terminals)).terminals
  openTerminal = (id: string, wanted: OpenTerminal) =>
    this.#call('POST', `/sandboxes/${id}/terminals`, terminal, wanted)
  closeTerminal = (id: string, terminalId: string) =>
    this.#call('DELETE', `/sandboxes/${id}/terminals/${terminalId}`, nothing)

  /** Starts a command. The answer is a stream of frames; destroying it kills the command. */
  exec = (id: string, wanted: ExecRequest) =>
    this.stream('POST', `/sandboxes/${id}/exec`, {}, JSON.stringify(wanted))

  /** Any call with a JSON answer. Its query and body are checked by the caller, and again by the runtime. */
  ask = <T>(method: string, path: string, schema: z.ZodType<T>, query: Query = {}, body?: unknown) =>
    this.#call(method, withQuery(path, query), schema, body)

  /** A call whose body is a stream. */
  async send(method: string, path: string, query: Query, body: Readable) {
    const answer = await this.#send(method, withQuery(path, query), body)
    const words = await text(answer)
    const status = answer.statusCode ?? 500
    if (status >= 300) throw refusal(answer, words)
    return { status, body: words === '' ? undefined : JSON.parse(words) }
  }

  /** A call whose answer is a stream; destroying it ends the call. */
  async stream(method: string, path: string, query: Query, body?: string): Promise<IncomingMessage> {
    const answer = await this.#send(method, withQuery(path, query), body)
    if (answer.statusCode === 200) return answer
    throw refusal(answer, await text(answer))
  }

  /** A line to a terminal: frames both ways, the first of them `attached`. Without `since` a screen comes first. */
  attach(id: string, terminalId: string, since: number | undefined): Promise<Duplex> {
    const query = since === undefined ? '' : `?since=${since}`
    return new Promise((resolve, reject) => {
      const outgoing = request({
        socketPath: this.socketPath,
        path: `/sandboxes/${id}/terminals/${terminalId}/attach${query}`,
        headers: { connection: 'Upgrade', upgrade: 'cloche-terminal' },
        agent: false,
      })
      outgoing.once('error', (error) => reject(new RuntimeUnreachable(error)))
      outgoing.once('response', (answer) => {
        answer.resume()
        reject(
          answer.statusCode === 400
            ? new ApiError('invalid_request', '`since` is beyond what the terminal has written')
            : new ApiError('not_found', 'there is no such terminal'),
        )
      })
      outgoing.once('upgrade', (_, line, head) => {
        if (head.length > 0) line.unshift(head)
        resolve(line)
      })
      outgoing.end()
    })
  }

  async #call<T>(method: string, path: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const answer = await this.#send(method, path, body === undefined ? undefined : JSON.stringify(body))
    const words = await text(answer)
    if ((answer.statusCode ?? 500) >= 300) throw refusal(answer, words)
    return schema.parse(words === '' ? undefined : JSON.parse(words))
  }

  #send(method: string, path: string, body?: string | Readable): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.socketPath, method, path, agent: this.#agent }, resolve)
      // A stream may be silent for as long as its command is, or its sender.
      if (!(body instanceof Readable) && !streams.test(path)) {
        outgoing.setTimeout(silenceMs, () => outgoing.destroy(new Error(`no answer within ${silenceMs} ms`)))
      }
      outgoing.once('error', (error) => {
        // A runtime that was started anew has closed the connections kept with the old one.
        const stale = outgoing.reusedSocket && 'code' in error && error.code === 'ECONNRESET'
        if (stale && !(body instanceof Readable)) resolve(this.#send(method, path, body))
        else reject(new RuntimeUnreachable(error))
      })
      if (!(body instanceof Readable)) outgoing.end(body)
      else body.once('error', (error) => outgoing.destroy(error)).pipe(outgoing)
    })
  }
}

async function text(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of answer) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** The runtime did not answer. */
export class RuntimeUnreachable extends ApiError {
  /** Whether it may have heard the call all the same. */
  readonly heard: boolean

  constructor(error: Error) {
    super(
      'runtime_unavailable',
      `the runtime cannot be reached (${error.message}); sandboxes go on, and it usually comes back by itself`,
      retryAfterSeconds,
    )
    this.heard = !('code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT'))
  }
}

function refusal(answer: IncomingMessage, words: string): ApiError {
  const parsed = runtimeError.safeParse(safeJson(words))
  if (!parsed.success) return new ApiError('internal', `the runtime answered ${answer.statusCode}`)
  const retryAfter = Number(answer.headers['retry-after'])
  return new ApiError(
    parsed.data.code,
    parsed.data.message,
    Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : undefined,
  )
}

function safeJson(words: string): unknown {
  try {
    return JSON.parse(words)
  } catch {
    return undefined // not the runtime's words
  }
}
