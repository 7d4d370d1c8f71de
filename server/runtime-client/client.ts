import { Agent, type IncomingMessage, request } from 'node:http'
import { type Duplex, Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'
import {
  type ExecRequest,
  node,
  type OpenTerminal,
  type Quota,
  template,
  terminal,
} from '../../protocol/api/index.js'
import { type Change, type Claim, type RuntimeSandbox, runtimeSandbox } from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import { ConnectionPool, type FrameStream, upgrade } from './connection-pool.js'
import { RuntimeUnreachable, refusal } from './refusal.js'

/** Checked one after the other: see `list`. */
const sandboxes = z.object({ sandboxes: z.array(z.unknown()) })
/** Sandboxes of a list that are checked before other work gets its turn: some 2 ms. */
const sliceOf = 50
const templates = z.object({ templates: z.array(template) })
const terminals = z.object({ terminals: z.array(terminal) })
const nothing = z.unknown()

type Query = Readonly<Record<string, string | number | boolean | undefined>>

function withQuery(path: string, query: Query): string {
  const set = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set)}`
}

/**
 * The calls of `protocol/runtime.ts`, over the runtime's unix socket: those with JSON both ways and execs on lines
 * of calls, those that carry a stream of bytes over HTTP.
 */
export class RuntimeClient implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 16 })
  readonly #connections: ConnectionPool

  /**
   * @param mayChange is asked before anything is created or destroyed on the node; throws when that must not be
   */
  constructor(
    private readonly socketPath: string,
    private readonly mayChange: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#connections = new ConnectionPool(socketPath)
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
    this.#connections[Symbol.dispose]()
  }

  /** @throws ApiError `runtime_unavailable` when database and node do not belong together */
  assertMayChange = () => this.mayChange()

  health = () => this.#call('GET', '/healthz', nothing)
  node = () => this.#call('GET', '/node', node)
  templates = async () => (await this.#call('GET', '/templates', templates)).templates
  /** Every sandbox of the node. Other work gets its turn while a long list is checked. */
  list = async (): Promise<RuntimeSandbox[]> => {
    const { sandboxes: found } = await this.#call('GET', '/sandboxes', sandboxes)
    const list: RuntimeSandbox[] = []
    for (let at = 0; at < found.length; at += sliceOf) {
      if (at > 0) await setImmediate()
      for (const one of found.slice(at, at + sliceOf)) list.push(runtimeSandbox.parse(one))
    }
    return list
  }
  get = (id: string) => this.#call('GET', `/sandboxes/${id}`, runtimeSandbox)
  claim = async (id: string, claim: Claim) => {
    await this.assertMayChange()
    return this.#call('PUT', `/sandboxes/${id}`, runtimeSandbox, claim)
  }
  change = (id: string, change: Change) => this.#call('PATCH', `/sandboxes/${id}`, runtimeSandbox, change)
  act = (id: string, action: 'pause' | 'resume' | 'stop' | 'start') =>
    this.#call('POST', `/sandboxes/${id}/${action}`, runtimeSandbox)
  remove = async (id: string) => {
    await this.assertMayChange()
    return this.#call('DELETE', `/sandboxes/${id}`, nothing)
  }
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

  /**
   * Runs a command. Its frames come as it writes, `exit` last.
   * @param aborted kills the command, as destroying the stream does
   */
  exec = (id: string, wanted: ExecRequest, aborted: AbortSignal): Promise<FrameStream> =>
    this.#connections.frames({ method: 'POST', url: `/sandboxes/${id}/exec`, body: wanted }, aborted)

  /** Any call with a JSON answer. Its query and body are checked by the caller, and again by the runtime. */
  ask = <T>(method: string, path: string, schema: z.ZodType<T>, query: Query = {}, body?: unknown) =>
    this.#call(method, withQuery(path, query), schema, body)

  /** A call whose body is a stream. */
  async send(method: string, path: string, query: Query, body: Readable) {
    const answer = await this.#send(method, withQuery(path, query), body)
    const words = await text(answer)
    const status = answer.statusCode ?? 500
    if (status >= 300) throw refusalOf(answer, words)
    return { status, body: words === '' ? undefined : JSON.parse(words) }
  }

  /** A call whose answer is a stream; destroying it ends the call. */
  async stream(method: string, path: string, query: Query, body?: string): Promise<IncomingMessage> {
    const answer = await this.#send(method, withQuery(path, query), body)
    if (answer.statusCode === 200) return answer
    throw refusalOf(answer, await text(answer))
  }

  /** A line to a terminal: frames both ways, the first of them `attached`. Without `since` a screen comes first. */
  attach(id: string, terminalId: string, since: number | undefined): Promise<Duplex> {
    const query = since === undefined ? '' : `?since=${since}`
    const path = `/sandboxes/${id}/terminals/${terminalId}/attach${query}`
    return upgrade(this.socketPath, path, 'cloche-terminal', (status) =>
      status === 400
        ? new ApiError('invalid_request', '`since` is past the end of the terminal output')
        : new ApiError('not_found', 'terminal not found'),
    )
  }

  async #call<T>(method: string, url: string, schema: z.ZodType<T>, body?: unknown): Promise<T> {
    const answer = await this.#connections.call({ method, url, body })
    if (answer.status >= 300) throw refusal(answer)
    return schema.parse(answer.body)
  }

  #send(method: string, path: string, body?: string | Readable): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request({ socketPath: this.socketPath, method, path, agent: this.#agent }, resolve)
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

function refusalOf(answer: IncomingMessage, words: string): ApiError {
  const retryAfter = Number(answer.headers['retry-after'])
  return refusal({
    status: answer.statusCode ?? 500,
    body: safeJson(words),
    ...(Number.isFinite(retryAfter) && retryAfter > 0 ? { retryAfterSeconds: retryAfter } : {}),
  })
}

function safeJson(words: string): unknown {
  try {
    return JSON.parse(words)
  } catch {
    return undefined // not the runtime's words
  }
}
