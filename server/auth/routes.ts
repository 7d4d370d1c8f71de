import type { FastifyInstance } from 'fastify'
import { notFound } from '../errors.js'
import { type Auth, addressHeader } from './auth.js'
import type { Principals } from './principal.js'

/** What pages need of better-auth; the rest of its endpoints do not exist here. */
const offered =
  /^\/api\/auth\/(sign-in\/email|sign-up\/email|sign-out|get-session|change-password|update-user|list-sessions|revoke-other-sessions)$/

/** Hands `/api/auth/*` to better-auth. */
export function authRoutes(app: FastifyInstance, auth: Auth, principals: Principals): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/api/auth/*',
    schema: { hide: true },
    handler: async (request, reply) => {
      const url = new URL(request.url, auth.options.baseURL)
      if (!offered.test(url.pathname)) throw notFound('address')
      const headers = new Headers()
      for (const [name, value] of Object.entries(request.headers)) {
        // The body is written anew, so its length is another.
        if (typeof value === 'string' && name !== 'content-length') headers.set(name, value)
      }
      headers.set(addressHeader, request.ip)
      const body = request.body === undefined ? null : JSON.stringify(request.body)
      const answer = await auth.handler(new Request(url, { method: request.method, headers, body }))
      // It answers an empty 500 whatever goes wrong.
      if (answer.status >= 500) await principals.requireDatabase()
      principals.forget()
      reply.code(answer.status)
      for (const [name, value] of answer.headers) {
        if (name !== 'set-cookie') reply.header(name === 'x-retry-after' ? 'retry-after' : name, value)
      }
      for (const cookie of answer.headers.getSetCookie()) reply.header('set-cookie', cookie)
      return reply.send(await answer.text())
    },
  })
}
