import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { BlockList } from 'node:net'
import type { Readable } from 'node:stream'
import { mayCall } from './address.js'
import { addressesOf, pinned } from './lookup.js'

/** Until a host's name is looked up, and until the head of its answer has come. */
const [lookupMs, headMs] = [10_000, 60_000]
/** Between two pieces of an answer or of what is sent. */
const silenceMs = 30_000
const maxRedirects = 5

/** What an operator lets servers call beside the public internet. */
export interface OutboundRules {
  /** Networks. */
  readonly allow: BlockList
  /** `host` or `host:port` of those that are called without TLS. */
  readonly plain: ReadonlySet<string>
}

/** A call that is not made, in words for whoever wanted it: another try would be refused as well. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused'
}

export interface OutboundRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: Readable | Buffer
  readonly signal: AbortSignal
}

export interface OutboundAnswer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  /** Destroying it ends the call. */
  readonly body: IncomingMessage
  /** Of what has answered, after redirects. */
  readonly url: URL
}

/**
 * Calls hosts that a tenant names. Each address is looked at before it is called, after each redirect as well, and the one that was looked at
 * is the one that is called.
 */
export class Outbound {
  constructor(private readonly rules: OutboundRules) {}

  /** Where a host is called: with TLS, unless the operator says otherwise. */
  originOf(host: string): string {
    return `${this.rules.plain.has(host) ? 'http' : 'https'}://${host}`
  }

  /**
   * One call, without following a redirect.
   * @throws OutboundRefused; Error when the host does not answer
   */
  async send(url: URL, wanted: OutboundRequest): Promise<OutboundAnswer> {
    const address = await this.#addressOf(url)
    const { method, headers = {}, body, signal } = wanted
    signal.throwIfAborted()
    const options = {
      ...{ method, agent: false, lookup: pinned(address), timeout: silenceMs, maxHeaderSize: 32_768 },
      headers: { 'user-agent': 'cloche', ...headers },
    } as const
    return new Promise((resolve, reject) => {
      const outgoing = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options)
      const fail = (error: Error) => {
        outgoing.destroy(error)
        reject(error)
      }
      const abort = () => fail(new Error('canceled'))
      const late = () => fail(new Error(`${url.host} does not answer`))
      // While a body is being sent nobody answers; what is silent is ended by its own time.
      const timer = setTimeout(late, body === undefined ? headMs : 2 ** 31 - 1)
      signal.addEventListener('abort', abort, { once: true })
      outgoing.once('close', () => signal.removeEventListener('abort', abort))
      outgoing.once('timeout', () => {
        const silent = new Error(`${url.host} was silent for ${silenceMs / 1000} s`)
        answer?.destroy(silent)
        fail(silent)
      })
      let answer: IncomingMessage | undefined
      outgoing.on('error', (error) => {
        clearTimeout(timer)
        reject(error)
      })
      outgoing.once('response', (response) => {
        clearTimeout(timer)
        answer = response
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: response, url })
      })
      if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body)
      else {
        body.once('error', fail)
        body.pipe(outgoing)
      }
    })
  }

  /**
   * A call that reads, through redirects. Credentials go no farther than to the first host.
   * @throws as `send`
   */
  async get(url: URL, wanted: OutboundRequest): Promise<OutboundAnswer> {
    let at = url
    for (let redirects = 0; ; redirects++) {
      const headers = { ...wanted.headers }
      if (at.origin !== url.origin) delete headers.authorization
      const answer = await this.send(at, { ...wanted, headers })
      const { location } = answer.headers
      if (![301, 302, 303, 307, 308].includes(answer.status) || location === undefined) return answer
      answer.body.destroy()
      if (redirects >= maxRedirects) throw new OutboundRefused(`${url.host} redirects too often`)
      at = this.next(at, location)
    }
  }

  /** Where a host sends somebody on to. @throws OutboundRefused when that is no address, or without TLS */
  next(from: URL, location: string): URL {
    if (!URL.canParse(location, from)) throw new OutboundRefused(`${from.host} redirects to no address`)
    const to = new URL(location, from)
    this.assertMay(to)
    return to
  }

  /** @throws OutboundRefused */
  assertMay(url: URL): void {
    if (url.username !== '' || url.password !== '') {
      throw new OutboundRefused(`${url.host} is named with a user`)
    }
    if (url.protocol === 'https:' || (url.protocol === 'http:' && this.rules.plain.has(url.host))) return
    throw new OutboundRefused(`${url.host} would be called without TLS, which an operator has to allow`)
  }

  async #addressOf(url: URL): Promise<string> {
    this.assertMay(url)
    const { hostname, host } = url
    let addresses: readonly string[]
    const late = AbortSignal.timeout(lookupMs)
    try {
      addresses = await Promise.race([
        addressesOf(hostname),
        new Promise<never>((_, reject) =>
          late.addEventListener('abort', () => reject(new Error('late')), { once: true }),
        ),
      ])
    } catch {
      throw new Error(`${host} cannot be found`)
    }
    const [address] = addresses
    if (address === undefined) throw new Error(`${host} cannot be found`)
    const wrong = addresses.find((one) => !mayCall(one, this.rules.allow))
    if (wrong === undefined) return address
    throw new OutboundRefused(
      `${host} has the address ${wrong}, which is not public; an operator can allow it`,
    )
  }
}
