import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { cookieOf } from '../auth/credential.js'
import { languageOf } from '../http/language.js'
import { asApiError, sendProblem } from '../http/problem.js'
import type { Door, Opened, Visitor } from './door.js'
import type { Page } from './pages/html.js'

/** A token is a few KiB, and so is the title of every assignment of a class. */
const bodyBytes = 256 * 1024
const ofTenant = z.object({ tenant: z.string().max(64) })

/** `/lti`: what platforms and the browsers of their people call, without a session. */
export function doorRoutes(app: FastifyInstance, door: Door, publicUrl: string): void {
  const isSecure = publicUrl.startsWith('https:')
  // Only its own address sets a cookie with this prefix, and only by TLS.
  const cookieName = `${isSecure ? '__Host-' : ''}cloche-lti`
  const visitorOf = (request: FastifyRequest): Visitor => ({
    language: languageOf(request.headers),
    browser: cookieOf(request.raw, cookieName),
    isTop: request.headers['sec-fetch-dest'] === 'document',
    device: { ipAddress: request.ip, userAgent: request.headers['user-agent'] ?? '' },
  })
  void app.register(async (open) => {
    open.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string', bodyLimit: bodyBytes },
      (_, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
    )
    open.setErrorHandler((error, request, reply) => {
      const isPage = (request.headers.accept ?? '').includes('text/html')
      const refusal = asApiError(error)
      if (isPage && refusal.code !== 'internal') {
        return sendPage(reply, door.error(refusal, languageOf(request.headers)))
      }
      return sendProblem(error, request, reply)
    })
    for (const method of ['GET', 'POST'] as const) {
      open.route({
        ...{ method, url: '/lti/:tenant/login', schema: { hide: true } },
        handler: async (request, reply) => {
          const { tenant } = ofTenant.parse(request.params)
          const wanted = method === 'GET' ? request.query : request.body
          const { url, browser, maxAge } = await door.begin(tenant, wanted)
          const scope = isSecure ? 'Path=/; Secure; SameSite=None' : 'Path=/; SameSite=Lax'
          reply.header('set-cookie', `${cookieName}=${browser}; Max-Age=${maxAge}; HttpOnly; ${scope}`)
          return reply.header('cache-control', 'no-store').redirect(url, 302)
        },
      })
    }
    open.route({
      ...{ method: 'POST', url: '/lti/:tenant/launch', schema: { hide: true } },
      handler: async (request, reply) => {
        const { tenant } = ofTenant.parse(request.params)
        return send(reply, await door.launch(tenant, request.body, visitorOf(request)))
      },
    })
    open.route({
      ...{ method: 'POST', url: '/lti/bind', schema: { hide: true } },
      handler: async (request, reply) => send(reply, await door.bind(request.body, visitorOf(request))),
    })
    open.route({
      ...{ method: 'POST', url: '/lti/open', schema: { hide: true } },
      handler: async (request, reply) => send(reply, await door.open(request.body, visitorOf(request))),
    })
    open.route({
      ...{ method: 'POST', url: '/lti/pick', schema: { hide: true } },
      handler: async (request, reply) => send(reply, await door.pick(request.body, visitorOf(request))),
    })
    open.route({
      ...{ method: 'GET', url: '/lti/register', schema: { hide: true } },
      handler: async (request, reply) =>
        send(reply, await door.askToRegister(request.query, visitorOf(request))),
    })
    open.route({
      ...{ method: 'POST', url: '/lti/register', schema: { hide: true } },
      handler: async (request, reply) => send(reply, await door.register(request.body, visitorOf(request))),
    })
    open.route({
      ...{ method: 'GET', url: '/lti/jwks', schema: { hide: true } },
      handler: async (_, reply) =>
        reply.header('cache-control', 'public, max-age=3600').send(await door.keys()),
    })
  })
}

/** Its own policy says who may have it in a frame; and a platform that has opened a window for it is answered there. */
const sendPage = (reply: FastifyReply, { status, headers, body }: Page) =>
  reply
    .removeHeader('x-frame-options')
    .removeHeader('cross-origin-opener-policy')
    .code(status)
    .headers(headers)
    .send(body)

const send = (reply: FastifyReply, answer: Page | Opened) =>
  'location' in answer
    ? reply
        .header('set-cookie', answer.cookie)
        .header('cache-control', 'no-store')
        .redirect(answer.location, 303)
    : sendPage(reply, answer)
