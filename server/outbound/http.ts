import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { BlockList } from 'node:net'
import type { Readable } from 'node:stream'
import { mayCall, ownNetworks } from './address.js'
import { addressesOf, pinned } from './lookup.js'

/** Until a host's name is looked up, and until the head of its answer has come. */
const [lookupMs, headMs] = [10_000, 60_000]
/** Between two pieces of an answer or of what is sent. */
const silenceMs = 30_000
const maxRedirects = 5
/** Of one host. Each of them is looked at. */
const maxAddresses = 32

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
  constructor(
    message: string,
    /** For the log alone: what only whoever runs the servers may know. */
    readonly detail?: string,
  ) {
    super(message)
  }
}

/** A host that does not answer as it should, in words for whoever wanted it: another try may do better. */
export class OutboundFailed extends Error {
  override readonly name = 'OutboundFailed'
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
  constructor(
    private readonly rules: OutboundRules,
    private readonly lookUp: typeof addressesOf = addressesOf,
  ) {}

  /** Where a host is called: with TLS, unless the operator says otherwise. */
  originOf(host: string): string {
    return `${this.rules.plain.has(host) ? 'http' : 'https'}://${host}`
  }

  /**
   * One call, without following a redirect.
   * @throws OutboundRefused; OutboundFailed or Error when the host does not answer
   */
  async send(url: URL, wanted: OutboundRequest): Promise<OutboundAnswer> {
    const { method, headers = {}, body, signal } = wanted
    const address = await this.#addressOf(url, signal)
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
      const late = () => fail(new OutboundFailed(`${url.host} does not answer`))
      // While a body is being sent nobody answers; what is silent is ended by its own time.
      let timer = body === undefined ? setTimeout(late, headMs) : undefined
      outgoing.once('finish', () => {
        if (answer === undefined && !outgoing.destroyed) timer ??= setTimeout(late, headMs)
      })
      signal.addEventListener('abort', abort, { once: true })
      outgoing.once('close', () => {
        signal.removeEventListener('abort', abort)
        clearTimeout(timer)
        // Also what switches to another protocol; of no meaning when it has answered.
        reject(new OutboundFailed(`${url.host} closed the connection`))
      })
      outgoing.once('timeout', () => {
        const silent = new OutboundFailed(`${url.host} was silent for ${silenceMs / 1000} s`)
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
    if (url.protocol === 'https:' || (url.protocol === 'http:' && this.#isPlain(url))) return
    throw new OutboundRefused(`${url.host} would be called without TLS, which an operator has to allow`)
  }

  /** A URL does not show the port 80, which an operator may have named. */
  #isPlain({ host, port }: URL): boolean {
    const { plain } = this.rules
    return plain.has(host) || (port === '' && plain.has(`${host}:80`))
  }

  async #addressOf(url: URL, signal: AbortSignal): Promise<string> {
    this.assertMay(url)
    const { hostname, host } = url
    let addresses: readonly string[]
    signal.throwIfAborted()
    const late = AbortSignal.any([signal, AbortSignal.timeout(lookupMs)])
    try {
      addresses = await Promise.race([
        this.lookUp(hostname, { signal: late, system: this.#isPlain(url) }),
        new Promise<never>((_, reject) =>
          late.addEventListener('abort', () => reject(new Error('late')), { once: true }),
        ),
      ])
    } catch {
      throw new OutboundFailed(`${host} cannot be found`)
    }
    const [address] = addresses
    if (address === undefined) throw new OutboundFailed(`${host} cannot be found`)
    if (addresses.length > maxAddresses) {
      throw new OutboundRefused(`${host} has more than ${maxAddresses} addresses`)
    }
    const own = ownNetworks()
    const wrong = addresses.find((one) => !mayCall(one, this.rules.allow, own))
    if (wrong === undefined) return address
    // What a name of this network stands for is not told.
    throw new OutboundRefused(`${host} has an address that is not public; an operator can allow it`, wrong)
  }
}
