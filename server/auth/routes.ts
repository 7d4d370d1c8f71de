import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { displayName, passwordLength } from '../../protocol/api/index.js'
import { notFound } from '../errors.js'
import { type Attempts, deviceCookie } from './attempts.js'
import { type Auth, addressHeader } from './auth.js'
import { readCardCode } from './codes.js'
import { cookieOf } from './credential.js'
import type { Principals } from './principal.js'

/**
 * What pages need of better-auth; the rest of its endpoints do not exist here. Name, password and sessions have one door,
 * `/api/v1/account`, where they are bounded, limited and audited; better-auth's `get-session` would also read the session's
 * token out to scripts, which the cookie keeps from them.
 */
const offered = /^\/api\/auth\/(sign-in\/(email|username)|sign-up\/email|sign-out)$/

/** What better-auth is told of a request's headers, beside the session's cookie. It identifies callers by nothing else. */
const passedOn = [
  ...['accept', 'content-type', 'origin', 'referer', 'user-agent'],
  ...['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest'],
]

/** A session keeps its user agent; real ones are shorter. */
const maxHeader = 512

/** Hands `/api/auth/*` to better-auth. */
export function authRoutes(
  app: FastifyInstance,
  auth: Auth,
  attempts: Attempts,
  principals: Principals,
): void {
  app.route({
    method: ['GET', 'POST'],
    url: '/api/auth/*',
    schema: { hide: true },
    handler: async (request, reply) => {
      // A request line may name a host; only path and query are the caller's to say.
      const { pathname, search } = new URL(request.url, auth.options.baseURL)
      const url = new URL(pathname + search, auth.options.baseURL)
      if (!offered.test(url.pathname)) throw notFound('endpoint')
      // Who is concerned is known only before: sign-out leaves no session to ask.
      const concerned = request.method === 'POST' ? await principals.sessionOf(request.raw) : undefined
      const body = request.method === 'POST' ? JSON.stringify(bodyFor(pathname, request.body)) : null
      const attempt = await attemptOf(request, pathname)
      const headers = headersFor(request, principals)
      const answer = await auth.handler(new Request(url, { method: request.method, headers, body }))
      // It answers an empty 500 whatever goes wrong.
      if (answer.status >= 500) await principals.requireDatabase()
      if (answer.ok) await attempt?.succeeded()
      if (concerned !== undefined) principals.forget({ userId: concerned.userId })
      reply.code(answer.status)
      for (const [name, value] of answer.headers) {
        if (name !== 'set-cookie') reply.header(name === 'x-retry-after' ? 'retry-after' : name, value)
      }
      for (const cookie of answer.headers.getSetCookie()) reply.header('set-cookie', cookie)
      const account = /sign-(in|up)/.test(pathname) ? accountOf(request, pathname) : undefined
      if (answer.ok && account !== undefined) {
        reply.header('set-cookie', serializeDevice(attempts.deviceFor(account), auth.options.baseURL))
      }
      return reply.send(await answer.text())
    },
  })

  const attemptOf = async (request: FastifyRequest, pathname: string) => {
    if (pathname.endsWith('/sign-up/email')) return attempts.begin(undefined, request.ip, undefined)
    return /\/sign-in\/(email|username)$/.test(pathname)
      ? attempts.begin(accountOf(request, pathname) ?? '', request.ip, cookieOf(request.raw, deviceCookie))
      : undefined
  }
}

/**
 * What better-auth is told of a body, and in which bounds: it bounds neither names nor addresses. Whoever signs in may
 * have an address or a name from before these bounds.
 */
const signIn = z.object({
  email: z.string().max(320),
  password: z.string().max(passwordLength.max),
  rememberMe: z.boolean().optional(),
})
/** Of a student without an e-mail address: what stands on their card, or a password that they have chosen. */
const signInByName = signIn.omit({ email: true }).extend({
  username: z.string().trim().toLowerCase().max(40),
  password: signIn.shape.password.transform(readCardCode),
})
const signUp = signIn.extend({
  name: displayName,
  email: z.email().max(254),
  password: z.string().min(passwordLength.min).max(passwordLength.max),
})

/** @throws ZodError, which is answered with 400 and the parts that are wrong */
function bodyFor(pathname: string, body: unknown): unknown {
  if (pathname.endsWith('/sign-up/email')) return signUp.parse(body ?? {})
  if (pathname.endsWith('/sign-in/username')) return signInByName.parse(body ?? {})
  return pathname.endsWith('/sign-in/email') ? signIn.parse(body ?? {}) : {}
}

const withEmail = z.looseObject({ email: z.string().max(320) })
const withName = z.looseObject({ username: signInByName.shape.username })
const accountOf = ({ body }: FastifyRequest, pathname: string) =>
  pathname.endsWith('/sign-in/username')
    ? withName.safeParse(body).data?.username
    : withEmail.safeParse(body).data?.email

const yearSeconds = 365 * 24 * 3600
const serializeDevice = (value: string, url: string) =>
  `${deviceCookie}=${value}; Path=/api/auth; Max-Age=${yearSeconds}; HttpOnly; SameSite=Lax${url.startsWith('https:') ? '; Secure' : ''}`

function headersFor(request: FastifyRequest, principals: Principals): Headers {
  const headers = new Headers()
  for (const name of passedOn) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value.slice(0, maxHeader))
  }
  const cookie = principals.cookieOf(request.raw)
  if (cookie !== undefined) headers.set('cookie', `${cookie.name}=${cookie.value}`)
  headers.set(addressHeader, request.ip)
  return headers
}
