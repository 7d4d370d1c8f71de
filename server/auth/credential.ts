import type { IncomingMessage } from 'node:http'
import { sha256 } from '../../common/digest.js'
import { ApiError } from '../errors.js'

/** The one thing in a request that says who is calling. Nothing else in it is looked at for that. */
export interface Credential {
  readonly kind: 'key' | 'session'
  /** The key, or the value of the session's cookie as it was sent. */
  readonly secret: string
}

/** What `credentialOf` reads of a request, or of a socket's handshake. */
export type Carrier = Pick<IncomingMessage, 'headers' | 'rawHeaders'>

/** Names an entry of a cache. The kind is part of it: a cookie's value sent as a key is no session, and the reverse. */
export const digestOf = ({ kind, secret }: Credential): string => `${kind}:${sha256(secret)}`

/**
 * Finds what a caller is identified by: the handshake's token, else the key in `Authorization`, else the session's
 * cookie. Two of one sort are refused, since a proxy, better-auth and this function could each take another one.
 *
 * @param cookieName the only name under which a session is accepted
 * @param token a key that came by another way than a header, such as socket.io's `auth`
 * @throws ApiError `invalid_request` when a credential is there twice
 */
export function credentialOf(request: Carrier, cookieName: string, token?: string): Credential | undefined {
  refuseRepeated(request, 'authorization')
  const key = /^Bearer\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (token !== undefined) {
    if (key !== undefined && key !== token) throw twice('two different API keys')
    return { kind: 'key', secret: token }
  }
  if (key !== undefined) return { kind: 'key', secret: key }
  const cookie = cookieOf(request, cookieName)
  return cookie === undefined ? undefined : { kind: 'session', secret: cookie }
}

/** @returns the value as it was sent; undefined when there is no cookie of exactly this name */
export function cookieOf({ headers }: Pick<Carrier, 'headers'>, name: string): string | undefined {
  const values = (headers.cookie ?? '').split(';').flatMap((pair) => {
    const at = pair.indexOf('=')
    return at > 0 && pair.slice(0, at).trim() === name ? [pair.slice(at + 1).trim()] : []
  })
  if (values.length > 1)
    throw twice(`the cookie ${name} more than once; delete this site's cookies and sign in again`)
  return values[0]
}

/** Node keeps the first of a repeated header, and some proxies act on the last. */
function refuseRepeated({ rawHeaders }: Carrier, name: string): void {
  const times = rawHeaders.filter((one, index) => index % 2 === 0 && one.toLowerCase() === name).length
  if (times > 1) throw twice(`the header ${name} ${times} times`)
}

const twice = (what: string) => new ApiError('invalid_request', `the request carries ${what}`)

/** Of two moments at which something ends; null is never. */
export const earlier = (a: Date | null, b: Date | null): Date | null =>
  a === null || (b !== null && b < a) ? b : a
