import { Readable } from 'node:stream'
import { z } from 'zod'
import {
  type Outbound,
  type OutboundAnswer,
  OutboundFailed,
  OutboundRefused,
  type OutboundRequest,
} from '../outbound/http.js'
import { wholeOf } from '../outbound/text.js'
import type { Remote } from './remote.js'

const tokenBytesMax = 64 * 1024
const errorBytesMax = 16 * 1024
const challengeMax = 2048
const token = z.object({
  token: z.string().max(16_384).optional(),
  access_token: z.string().max(16_384).optional(),
})
const registryErrors = z.object({ errors: z.array(z.object({ message: z.string() })).min(1) })

export interface Credential {
  readonly username: string
  readonly password: string
}

/** What another registry answers that is no success. */
export class RemoteRefused extends Error {
  override readonly name = 'RemoteRefused'
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message)
  }

  /** Whether it may be another thing in a moment. */
  get passes(): boolean {
    return this.status >= 500 || this.status === 429 || this.status === 408
  }
}

type Wanted = Omit<OutboundRequest, 'signal'>

/**
 * Calls to one repository of another registry, with whatever its registry asks for: nothing, a password or a token.
 * @see https://distribution.github.io/distribution/spec/auth/token/
 */
export class RegistrySession {
  readonly base: URL
  #authorization: string | undefined
  #asking: Promise<void> | undefined

  constructor(
    private readonly outbound: Outbound,
    readonly remote: Remote,
    private readonly credential: Credential | undefined,
    private readonly actions: 'pull' | 'pull,push',
    private readonly signal: AbortSignal,
  ) {
    this.base = new URL(`/v2/${remote.repository}/`, outbound.originOf(remote.host))
  }

  /**
   * A call to a place of the repository, or to where the registry has sent us on to.
   * Once more with a token, unless its body is a stream, which is read by then.
   * @throws RemoteRefused; OutboundRefused; OutboundFailed or Error when it does not answer
   */
  async call(place: string | URL, wanted: () => Wanted, success: readonly number[]): Promise<OutboundAnswer> {
    const url = typeof place === 'string' ? new URL(place, this.base) : place
    this.outbound.assertMay(url)
    const before = this.#authorization
    const first = wanted()
    let answer = await this.#send(url, first)
    // What a redirect leads to must not name who gets the password.
    if (answer.status === 401 && answer.url.origin === this.base.origin) {
      answer.body.destroy()
      await this.#authorize(answer, before)
      if (first.body instanceof Readable) {
        throw new OutboundFailed(`${url.host} wanted credentials when a blob was sent already`)
      }
      answer = await this.#send(url, wanted())
    }
    if (success.includes(answer.status)) return answer
    throw new RemoteRefused(answer.status, await this.#words(answer))
  }

  /** Where it is sent on to by an answer. @throws RemoteRefused when it is not */
  locationOf(answer: OutboundAnswer): URL {
    const { location } = answer.headers
    if (location === undefined) throw new OutboundRefused(`${this.remote.host} does not say where to upload`)
    return this.outbound.next(answer.url, location)
  }

  #send(url: URL, { headers = {}, ...wanted }: Wanted): Promise<OutboundAnswer> {
    const authorization = url.origin === this.base.origin ? this.#authorization : undefined
    const all = authorization === undefined ? headers : { ...headers, authorization }
    const request = { ...wanted, headers: all, signal: this.signal }
    const reads = wanted.method === 'GET' || wanted.method === 'HEAD'
    return reads ? this.outbound.get(url, request) : this.outbound.send(url, request)
  }

  /** One question for all calls that wait for its answer. */
  async #authorize(answer: OutboundAnswer, before: string | undefined): Promise<void> {
    if (this.#authorization !== before) return // another call has asked meanwhile
    this.#asking ??= this.#ask(answer.headers['www-authenticate'] ?? '').finally(() => {
      this.#asking = undefined
    })
    await this.#asking
  }

  async #ask(challenge: string): Promise<void> {
    const { credential, remote } = this
    if (challenge.length > challengeMax) {
      throw new OutboundRefused(`${remote.host} wants credentials in more than ${challengeMax} bytes`)
    }
    const [, scheme = '', rest = ''] = /^\s*(\S+)\s*(.*)$/s.exec(challenge) ?? []
    if (/^basic$/i.test(scheme) && credential !== undefined) {
      this.#authorization = basic(credential)
      return
    }
    const parameters = new Map(
      [...rest.matchAll(/(?<!\w)(\w{1,32})\s{0,8}=\s{0,8}"([^"]*)"/g)].map(([, key = '', value = '']) => [
        key.toLowerCase(),
        value,
      ]),
    )
    const realm = parameters.get('realm') ?? ''
    if (!/^bearer$/i.test(scheme) || !URL.canParse(realm, this.base)) {
      const why =
        credential === undefined ? 'no credentials are stored for it' : 'the stored ones are not taken'
      throw new RemoteRefused(401, `${remote.host} wants credentials, and ${why}`)
    }
    const url = this.outbound.next(this.base, realm)
    const service = parameters.get('service')
    if (service !== undefined) url.searchParams.set('service', service)
    url.searchParams.set('scope', `repository:${remote.repository}:${this.actions}`)
    const headers = credential === undefined ? {} : { authorization: basic(credential) }
    const answer = await this.outbound.get(url, { method: 'GET', headers, signal: this.signal })
    if (answer.status !== 200) {
      const words = await this.#words(answer)
      throw new RemoteRefused(answer.status, `no token for ${remote.host}: ${words}`)
    }
    const parsed = token.safeParse(jsonOf(await wholeOf(answer.body, tokenBytesMax)))
    const found = parsed.data?.token ?? parsed.data?.access_token
    // What has other characters would be another header.
    if (found === undefined || !/^[\x21-\x7e]+$/.test(found)) {
      throw new OutboundRefused(`${url.host} gives no token`)
    }
    this.#authorization = `Bearer ${found}`
  }

  async #words({ status, body, url }: OutboundAnswer): Promise<string> {
    const text = await wholeOf(body, errorBytesMax).catch(() => Buffer.alloc(0))
    const told = registryErrors.safeParse(jsonOf(text)).data?.errors[0]?.message
    const known =
      status === 401 || status === 403 ? 'the credentials are missing, wrong, or not enough' : undefined
    const words = told ?? known ?? (status === 404 ? 'there is no such image' : `status ${status}`)
    return `${url.host}: ${words.replaceAll(/[^\x20-\x7e]+/g, ' ').slice(0, 300)} (${status})`
  }
}

const basic = ({ username, password }: Credential) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`

function jsonOf(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString())
  } catch {
    return undefined
  }
}
