import http from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { Agent, request as send } from 'undici'
import { z } from 'zod'
import { type SshSession, sshPortLine, sshSession } from '../protocol/api/index.js'

/** What the server said no to. */
export class Refused extends Error {
  override readonly name = 'Refused'
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}

interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Below `/api/v1`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly json?: unknown
  readonly body?: Readable
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

const problem = z.object({ code: z.string(), detail: z.string() })
/** The beginning of the body of a refusal that is no problem, of a proxy say. */
const shownBytes = 200

/** The API of the server, as whoever has a token. */
export class Api {
  constructor(
    private readonly origin: string,
    private readonly agent: Agent,
    private readonly token: string,
  ) {}

  /** As the holder of another token. */
  as(token: string): Api {
    return new Api(this.origin, this.agent, token)
  }

  /** An answer of 2xx, of which nothing was read yet. @throws Refused */
  async send({ method, path, query = {}, json, body, headers = {}, signal }: Call) {
    const url = new URL(`${this.origin}/api/v1${path}`)
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value))
    }
    const type =
      json === undefined ? (body === undefined ? {} : bytes) : { 'content-type': 'application/json' }
    const answer = await send(url, {
      ...{ method, dispatcher: this.agent },
      headers: { ...type, authorization: `Bearer ${this.token}`, ...headers },
      body: json === undefined ? (body ?? null) : JSON.stringify(json),
      signal: signal ?? null,
    })
    if (answer.statusCode >= 300) throw refusalOf(answer.statusCode, await answer.body.text())
    return answer
  }

  /** @throws Refused, also one that comes late: as the body of an answer that had begun */
  async json<T>(schema: z.ZodType<T>, call: Call): Promise<T> {
    const { statusCode, body } = await this.send({
      ...call,
      headers: { accept: 'application/json, application/problem+json', ...call.headers },
    })
    const said: unknown = JSON.parse(await body.text())
    const late = z.object({ type: z.string().startsWith('urn:cloche:problem:') }).safeParse(said)
    if (late.success) throw refusalOf(statusCode, JSON.stringify(said))
    return schema.parse(said)
  }

  /** For answers with nothing in them that matters. @throws Refused */
  async done(call: Call): Promise<number> {
    const { statusCode, body } = await this.send(call)
    await body.dump()
    return statusCode
  }

  /** Whom a signature lets in. @throws Refused 401 for nobody */
  login(signed: Buffer, signature: Buffer, address: string, signal: AbortSignal): Promise<SshSession> {
    const [one, other] = [signed.toString('base64'), signature.toString('base64')]
    return this.json(sshSession, {
      ...{ method: 'POST', path: '/ssh/sessions', json: { signed: one, signature: other, address }, signal },
    })
  }

  /** The bytes of a port of a sandbox. @throws Refused */
  connectPort(sandboxId: string, port: number): Promise<Socket> {
    const url = new URL(`${this.origin}/api/v1/sandboxes/${sandboxId}/ports/${port}/connect`)
    const { request } = url.protocol === 'https:' ? https : http
    return new Promise((resolve, reject) => {
      // undici does not tell what was answered instead of an upgrade.
      const call = request(url, {
        agent: false,
        headers: { authorization: `Bearer ${this.token}`, connection: 'Upgrade', upgrade: sshPortLine },
      })
      call.once('error', reject).once('upgrade', (_, socket, head) => {
        if (head.length > 0) socket.unshift(head)
        resolve(socket.setNoDelay(true))
      })
      call.once('response', (answer) => {
        text(answer).then((said) => reject(refusalOf(answer.statusCode ?? 0, said)), reject)
      })
      call.end()
    })
  }
}

const bytes = { 'content-type': 'application/octet-stream' }

/** Connections to the server: a call may take as long as what it is about. */
export const openAgent = (): Agent => new Agent({ headersTimeout: 0, bodyTimeout: 0, pipelining: 1 })

function refusalOf(status: number, text: string): Refused {
  try {
    const { code, detail } = problem.parse(JSON.parse(text))
    return new Refused(status, code, detail)
  } catch {
    return new Refused(status, 'internal', text.slice(0, shownBytes))
  }
}

/** What is read of a stream that is somebody else's: it is not destroyed when its reader stops. */
export const readOnly = (stream: Readable): Readable =>
  Readable.from(stream.iterator({ destroyOnReturn: false }), { objectMode: false })
