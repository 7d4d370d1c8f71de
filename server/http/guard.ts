import type { FastifyRequest } from 'fastify'
import { doorOf, type Principals } from '../auth/principal.js'
import { forbidden } from '../errors.js'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Pages of learning platforms post to these. They look at no session and at no key. */
const fromElsewhere = new Set(['/lti/:tenant/login', '/lti/:tenant/launch'])

/**
 * Refuses a call that changes something when a page of another origin makes it with somebody's cookie. An API key
 * needs no such check, since no other page has it, but only one that was verified and that decides who is calling:
 * under `/api/auth` the cookie does, whatever else is sent.
 *
 * @throws ApiError `forbidden`, or `unauthenticated` when a key is not good
 */
export async function refuseForeignOrigin(
  request: FastifyRequest,
  origins: readonly string[],
  principals: Principals,
): Promise<void> {
  if (safeMethods.has(request.method)) return
  if (fromElsewhere.has(request.routeOptions.url ?? '')) return
  const { origin } = request.headers
  const credential = principals.credentialOf(request.raw)
  if (origin !== undefined) {
    if (origins.includes(origin)) return
    if (credential?.kind === 'key' && !request.url.startsWith('/api/auth')) {
      await principals.identify(request.raw, undefined, doorOf(request.url))
      return
    }
    throw forbidden(
      `requests from pages of ${origin} are not allowed; an operator can set CLOCHE_URL to the address that people use`,
    )
  }
  const site = request.headers['sec-fetch-site']
  if (credential?.kind !== 'session' && !carriesSession(request, principals)) return
  if (site === 'same-origin') return
  throw forbidden('requests with a session cookie need an `Origin` header')
}

/** Whether there is a cookie that `/api/auth` would act on although a key is sent as well. */
function carriesSession(request: FastifyRequest, principals: Principals): boolean {
  return request.url.startsWith('/api/auth') && principals.cookieOf(request.raw) !== undefined
}
