import { dirname, join } from 'node:path'
import { type Duplex, Readable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import type { Pool } from 'undici'
import { z } from 'zod'
import { piecesOf } from '../../common/body.js'
import {
  type ExecRequest,
  type OpenTerminal,
  type Quota,
  template,
  terminal,
} from '../../protocol/api/index.js'
import {
  attachSocket,
  type Change,
  type Claim,
  type NodeBuild,
  nodeDescription,
  nodeProtocol,
  portLine,
  processLine,
  protocolMismatch,
  type RuntimeSandbox,
  runtimeSandbox,
  type SearchVolume,
} from '../../protocol/node/index.js'
import { ApiError } from '../errors.js'
import { openPool, type RuntimeAddress } from './address.js'
import type { Answer } from './answer.js'
import { type ByteStream, bytes } from './byte-stream.js'
import { call } from './call.js'
import {
  answerDeadlines,
  attachDeadlines,
  execDeadlines,
  imageDeadlines,
  runDeadlines,
  streamDeadlines,
} from './deadlines.js'
import { type Call, exchange } from './exchange.js'
import { type FrameStream, frames } from './frame-stream.js'
import { refusalOf } from './refusal.js'

/** Checked one after the other: see `list`. */
const sandboxes = z.object({ sandboxes: z.array(z.unknown()) })
/** Sandboxes of a list that are checked before other work gets its turn: some 2 ms. */
const sliceOf = 50
const templates = z.object({ templates: z.array(template) })
const terminals = z.object({ terminals: z.array(terminal) })
/** Looked at before anything else of a description, which may be another one in another version. */
const spoken = nodeDescription.pick({ protocol: true }).loose()
const nothing = z.unknown()

type Method = Call['method']
type Headers = NonNullable<Call['headers']>
type Query = Readonly<Record<string, string | number | boolean | undefined>>

function withQuery(path: string, query: Query): string {
  const set = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  )
  return set.length === 0 ? path : `${path}?${new URLSearchParams(set)}`
}

/** The calls of `protocol/node` to one node, over its unix socket or over TLS that both sides authenticate. */
export class RuntimeClient implements Disposable {
  readonly #pool: Pool
  /** For connections to processes. */
  readonly #lines: Pool

  /**
   * @param mayChange is asked before anything is created or destroyed on the node; throws when that must not be
   */
  constructor(
    address: RuntimeAddress,
    private readonly mayChange: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#pool = openPool(address)
    this.#lines =
      'socketPath' in address
        ? openPool({ socketPath: join(dirname(address.socketPath), attachSocket) })
        : this.#pool
  }

  [Symbol.dispose](): void {
    void this.#pool.destroy()
    void this.#lines.destroy()
  }

  /** @throws ApiError `runtime_unavailable` when database and node do not belong together */
  assertMayChange = () => this.mayChange()

  health = () => this.#call('GET', '/healthz', nothing)
  /** What the node says of itself. @throws ApiError that says which side to upgrade when it speaks another protocol */
  node = async () => {
    const said = await this.#call('GET', '/node', spoken)
    // One of before the protocol had versions says 0, and is understood.
    if (said.protocol !== nodeProtocol && said.protocol !== 0) {
      throw new ApiError('runtime_unavailable', protocolMismatch(String(nodeProtocol), said.protocol))
    }
    return nodeDescription.parse(said)
  }
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
    // Without a turn when there is nothing to wait for: the order of what is sent counts here, see `SandboxService`.
    const checked = this.assertMayChange()
    if (checked !== undefined) await checked
    return this.#call('PUT', `/sandboxes/${id}`, runtimeSandbox, claim)
  }
  change = (id: string, change: Change) => this.#call('PATCH', `/sandboxes/${id}`, runtimeSandbox, change)
  act = (id: string, action: 'pause' | 'resume' | 'stop' | 'start') =>
    this.#call('POST', `/sandboxes/${id}/${action}`, runtimeSandbox)
  remove = async (id: string) => {
    await this.assertMayChange()
    return this.#call('DELETE', `/sandboxes/${id}`, nothing)
  }
  /** Says that the database knows these sandboxes. */
  confirm = (ids: readonly string[]) => this.#call('POST', '/sandboxes/confirm', nothing, { ids })
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
  exec = (
    id: string,
    wanted: ExecRequest,
    aborted: AbortSignal,
    how: 'exec' | 'search' = 'exec',
  ): Promise<FrameStream> =>
    frames(
      this.#pool,
      {
        ...{ method: 'POST', path: `/sandboxes/${id}/${how}`, body: JSON.stringify(wanted) },
        deadlines: execDeadlines(wanted.timeoutMs),
      },
      aborted,
    )

  /** The same in a sandbox that is made for it, in which a volume is. */
  searchVolume = (id: string, wanted: SearchVolume, aborted: AbortSignal): Promise<FrameStream> =>
    frames(
      this.#pool,
      {
        ...{ method: 'POST', path: `/volumes/${id}/search`, body: JSON.stringify(wanted) },
        deadlines: execDeadlines(wanted.exec.timeoutMs),
      },
      aborted,
    )

  /** Any call with a JSON answer. Its query and body are checked by the caller, and again by the runtime. */
  ask = <T>(
    method: Method,
    path: string,
    schema: z.ZodType<T>,
    query: Query = {},
    body?: unknown,
    headers: Headers = {},
  ) => this.#call(method, withQuery(path, query), schema, body, headers)

  /**
   * A call whose body is a stream.
   * @param aborted ends it
   */
  async send(
    method: Method,
    path: string,
    query: Query,
    body: Readable,
    headers: Headers = {},
    aborted?: AbortSignal,
  ) {
    const deadlines = path.startsWith('/templates/') ? imageDeadlines : streamDeadlines
    const wanted = { method, path: withQuery(path, query), headers, deadlines }
    const pieces = Readable.from(piecesOf(body))
    const answer = await exchange(
      this.#pool,
      { ...wanted, body: pieces },
      { whole: (whole) => whole },
      aborted,
    )
    if (answer.status >= 300) throw refusalOf(answer)
    return { status: answer.status, body: jsonOf(answer) }
  }

  /**
   * Builds a template of a context, which is sent as it arrives. What the build tells comes as lines of JSON; destroying it cancels
   * the build.
   * @throws ApiError what is wrong with the Dockerfile
   */
  build(wanted: NodeBuild, context: Readable, aborted: AbortSignal): Promise<ByteStream> {
    const body = Readable.from(
      (async function* () {
        yield Buffer.from(`${JSON.stringify(wanted)}\n`)
        yield* piecesOf(context)
      })(),
      { objectMode: false },
    )
    const deadlines = execDeadlines(wanted.timeoutSeconds * 1000)
    return bytes(this.#pool, { method: 'POST', path: '/builds', body, deadlines }, aborted)
  }

  /**
   * A call whose answer is a stream; destroying it ends the call.
   * @param aborted ends it before the answer begins
   */
  stream(
    method: Method,
    path: string,
    query: Query,
    body?: string,
    aborted?: AbortSignal,
  ): Promise<ByteStream> {
    const deadlines = path === '/runs' ? runDeadlines : streamDeadlines
    const wanted = { method, path: withQuery(path, query), deadlines }
    return bytes(this.#pool, body === undefined ? wanted : { ...wanted, body }, aborted)
  }

  /** A file, or a part of it, as the headers say. */
  readFile(path: string, query: Query, headers: Headers): Promise<ByteStream> {
    return bytes(this.#pool, {
      ...{ method: 'GET', path: withQuery(path, query), headers, deadlines: streamDeadlines },
    })
  }

  /** A line to a terminal: frames both ways, the first of them `attached`. Without `since` a screen comes first. */
  async attach(id: string, terminalId: string, since: number | undefined): Promise<Duplex> {
    const path = withQuery(`/sandboxes/${id}/terminals/${terminalId}/attach`, { since })
    try {
      return await this.#line(path, 'terminal')
    } catch (error) {
      if (this.#lines === this.#pool || !(error instanceof ApiError && error.code === 'not_found'))
        throw error
      // The process host has those that it runs. One that ended with its sandbox the runtime has.
      return this.#upgraded(this.#pool, path, processLine, 'terminal')
    }
  }

  /** A line of a process's output: frames, the first of them `attached`. */
  attachProcess(id: string, processId: string, since: number | undefined): Promise<Duplex> {
    return this.#line(withQuery(`/sandboxes/${id}/processes/${processId}/attach`, { since }), 'process')
  }

  /** A line for a process's input: frames, at the end of them `stdinEnd`, which is answered with `stdinTaken`. */
  processInput(id: string, processId: string): Promise<Duplex> {
    return this.#line(`/sandboxes/${id}/processes/${processId}/stdin`, 'process')
  }

  /** The bytes of a port of a sandbox, both ways. @throws ApiError `port_unreachable`, `port_timeout` */
  connectPort(id: string, port: number): Promise<Duplex> {
    return this.#upgraded(this.#pool, `/sandboxes/${id}/ports/${port}/connect`, portLine, 'sandbox')
  }

  #line(path: string, what: string): Promise<Duplex> {
    return this.#upgraded(this.#lines, path, processLine, what)
  }

  #upgraded(pool: Pool, path: string, upgrade: string, what: string): Promise<Duplex> {
    return exchange<Duplex>(
      pool,
      { method: 'GET', path, upgrade, deadlines: attachDeadlines },
      {
        upgraded: (line) => line,
        whole: (answer) => {
          throw answer.status === 404 ? new ApiError('not_found', `${what} not found`) : refusalOf(answer)
        },
      },
    )
  }

  async #call<T>(
    method: Method,
    path: string,
    schema: z.ZodType<T>,
    body?: unknown,
    headers: Headers = {},
  ): Promise<T> {
    const wanted = { method, path, headers, deadlines: answerDeadlines(method) }
    const answer = await call(
      this.#pool,
      body === undefined ? wanted : { ...wanted, body: JSON.stringify(body) },
    )
    if (answer.status >= 300) throw refusalOf(answer)
    return schema.parse(jsonOf(answer))
  }
}

const jsonOf = ({ text }: Answer): unknown => (text === '' ? undefined : JSON.parse(text))
