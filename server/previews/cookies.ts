import type { IncomingMessage } from 'node:http'

/** Of the preview's origin: who came by the hand-over, and which browser was sent there. */
const [session, state] = ['cloche-preview', 'cloche-preview-state']
/** Cookies of the platform's own origin, under any prefix. */
const platform = /^(?:__Secure-|__Host-)?(?:cloche\.|cloche-preview)/

/** Browsers accept a name with this prefix for one host only, and not from a page of another one below the same domain. */
const named = (name: string, secure: boolean) => (secure ? `__Host-${name}` : name)

const pairsOf = ({ headers }: IncomingMessage) => (headers.cookie ?? '').split(';').map((pair) => pair.trim())
const nameOf = (pair: string) => pair.split('=')[0]?.trim() ?? ''

/** All of that name: a page of a neighbouring host may have added one, and must not keep out the right one. */
const valuesOf = (request: IncomingMessage, name: string) =>
  pairsOf(request)
    .filter((pair) => nameOf(pair) === name)
    .slice(0, 4)
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())

export const previewCookiesOf = (request: IncomingMessage, secure: boolean) =>
  valuesOf(request, named(session, secure))
export const statesOf = (request: IncomingMessage, secure: boolean) => valuesOf(request, named(state, secure))

/** How a cookie is kept: `secure` of a platform with TLS, `framed` in the frame of a page of the platform. */
export interface CookieScope {
  readonly secure: boolean
  readonly framed: boolean
}

/**
 * A frame is of another site than the page around it, so that a browser sends only cookies that allow this. Partitioned, they
 * are for frames of this page's site and no other.
 * @see https://developer.mozilla.org/docs/Web/Privacy/Guides/Privacy_sandbox/Partitioned_cookies
 */
const serialize = (name: string, value: string, { secure, framed }: CookieScope, seconds: number) => {
  const scope = framed ? 'SameSite=None; Secure; Partitioned' : `SameSite=Lax${secure ? '; Secure' : ''}`
  return `${named(name, secure)}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; ${scope}`
}
export const previewCookie = (value: string, scope: CookieScope, seconds: number) =>
  serialize(session, value, scope, seconds)
export const stateCookie = (value: string, scope: CookieScope, seconds: number) =>
  serialize(state, value, scope, seconds)

/**
 * How the cookies of this answer are kept. Without TLS a browser takes what frames need at names below `localhost` only;
 * elsewhere the cookie works where previews and platform are of one site.
 */
export function scopeOf({ headers }: IncomingMessage, secure: boolean): CookieScope {
  const inFrame = headers['sec-fetch-dest'] === 'iframe' || headers['sec-fetch-dest'] === 'frame'
  const local = /\.localhost(:\d+)?$/i.test(headers.host ?? '')
  return { secure, framed: inFrame && (secure || local) }
}

/** What the app is told of a `Cookie` header: nothing of the platform's. @returns undefined when nothing is left */
export function cookiesForApp(header: string): string | undefined {
  const left = header.split(';').filter((pair) => !platform.test(nameOf(pair.trim())))
  return left.length === 0 ? undefined : left.join(';').trim()
}

/**
 * A `Set-Cookie` of the app, for its own host only: with a domain it would reach neighbours and perhaps the platform.
 * @returns undefined for one of the platform's names
 */
export function cookieOfApp(header: string): string | undefined {
  if (platform.test(nameOf(header).replace(/^\s+/, ''))) return undefined
  return header
    .split(';')
    .filter((part, at) => at === 0 || !/^\s*domain\s*(=|$)/i.test(part))
    .join(';')
}
