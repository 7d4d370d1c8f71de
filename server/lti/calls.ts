import { z } from 'zod'
import { ApiError } from '../errors.js'
import { type Outbound, OutboundFailed, OutboundRefused, type OutboundRequest } from '../outbound/http.js'
import { TooLong, wholeOf } from '../outbound/text.js'
import { scopes } from './claims.js'
import type { ToolKeys } from './keys.js'

/** A call with its answer, from beginning to end. */
const patienceMs = 20_000
/** Of one answer: a page of a roster is the largest. */
const answerBytes = 4 * 1024 * 1024

/** A platform that answers otherwise than it should, in words for a teacher or an administrator. */
export class PlatformError extends Error {
  override readonly name = 'PlatformError'
  constructor(
    message: string,
    /** Of its answer; undefined when there was none. */
    readonly status?: number,
  ) {
    super(message)
  }
}

interface Wanted {
  readonly method?: OutboundRequest['method']
  readonly token?: string
  readonly accept?: string
  readonly type?: string
  readonly body?: string
}

export interface PlatformAnswer {
  readonly status: number
  readonly link: string | undefined
  readonly body: unknown
}

export interface TokenIssuer {
  readonly clientId: string
  readonly tokenUrl: string
}

const tokenAnswer = z.object({ access_token: z.string().min(1).max(16_384) })

/** Calls platforms: by the rules for hosts that a tenant names, in bounded time, and without redirects. */
export class PlatformCalls {
  constructor(
    private readonly outbound: Outbound,
    private readonly keys: ToolKeys,
  ) {}

  /** @throws ApiError `invalid_request` for an address that is never called */
  assertMay(url: string): void {
    try {
      this.outbound.assertMay(new URL(url))
    } catch (error) {
      if (!(error instanceof OutboundRefused)) throw error
      throw new ApiError('invalid_request', error.message)
    }
  }

  /**
   * One call that answers with JSON, or with nothing.
   * @throws PlatformError, also for every status that is no success
   */
  async json(url: string, wanted: Wanted = {}): Promise<PlatformAnswer> {
    const { method = 'GET', token, accept = 'application/json', type = 'application/json', body } = wanted
    const at = new URL(url)
    const content = body === undefined ? undefined : Buffer.from(body)
    try {
      const answer = await this.outbound.send(at, {
        method,
        signal: AbortSignal.timeout(patienceMs),
        headers: {
          accept,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(content === undefined ? {} : { 'content-type': type, 'content-length': content.length }),
        },
        ...(content === undefined ? {} : { body: content }),
      })
      const text = (await wholeOf(answer.body, answerBytes)).toString()
      const { status } = answer
      if (status < 200 || status >= 300) {
        throw new PlatformError(
          `${at.host} answered ${status} to ${method} ${at.pathname.slice(0, 200)}`,
          status,
        )
      }
      const { link } = answer.headers
      return { status, link: Array.isArray(link) ? link.join(', ') : link, body: parsed(text, at) }
    } catch (error) {
      throw asPlatformError(error, at)
    }
  }

  /** A token for what Cloche does at a platform, by which it proves itself with its key. @throws PlatformError */
  async token({ clientId, tokenUrl }: TokenIssuer, ...wanted: (keyof typeof scopes)[]): Promise<string> {
    const assertion = await this.keys.sign({ iss: clientId, sub: clientId, aud: tokenUrl }, 300)
    const { body } = await this.json(tokenUrl, {
      ...{ method: 'POST', type: 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
        scope: wanted.map((one) => scopes[one]).join(' '),
      }).toString(),
    })
    const read = tokenAnswer.safeParse(body)
    if (!read.success) throw new PlatformError(`${new URL(tokenUrl).host} gives no access token`)
    return read.data.access_token
  }
}

function parsed(text: string, { host }: URL): unknown {
  if (text.trim() === '') return null
  try {
    return JSON.parse(text)
  } catch {
    throw new PlatformError(`${host} does not answer with JSON`)
  }
}

function asPlatformError(error: unknown, { host }: URL): unknown {
  if (error instanceof PlatformError) return error
  if (error instanceof OutboundRefused || error instanceof OutboundFailed || error instanceof TooLong) {
    return new PlatformError(error.message)
  }
  // Of a connection that breaks or a certificate that is not good, and of nothing of ours.
  if (error instanceof Error && ('code' in error || ['AbortError', 'TimeoutError'].includes(error.name))) {
    return new PlatformError(`${host} cannot be reached: ${error.message.slice(0, 200)}`)
  }
  return error instanceof Error && error.message === 'canceled'
    ? new PlatformError(`${host} does not answer in ${patienceMs / 1000} s`)
    : error
}

/** @throws ApiError `conflict` with what the platform did, for whoever waits for an answer */
export async function told<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (error instanceof PlatformError) throw new ApiError('conflict', `the platform: ${error.message}`)
    throw error
  }
}
