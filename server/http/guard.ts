import type { FastifyRequest } from 'fastify'
import { sessionCookie } from '../auth/principal.js'
import { forbidden } from '../errors.js'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses a call that changes something when a page of another origin makes it with somebody's cookie. A key in
 * a header needs no such check: no other page has it.
 *
 * @throws ApiError `forbidden`
 */
export function refuseForeignOrigin(request: FastifyRequest, origins: readonly string[]): void {
  if (safeMethods.has(request.method)) return
  const { origin } = request.headers
  if (origin !== undefined) {
    if (request.headers.authorization !== undefined || origins.includes(origin)) return
    throw forbidden(
      `pages of ${origin} may not call; the operator can set CLOCHE_URL to the address people use`,
    )
  }
  const site = request.headers['sec-fetch-site']
  if (sessionCookie(request.headers) === undefined || site === 'same-origin') return
  throw forbidden('a call with a session cookie must say where it comes from: send an `Origin` header')
}
