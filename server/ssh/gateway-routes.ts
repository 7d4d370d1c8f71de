import { timingSafeEqual } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { gatewaySecretOf } from '../../common/gateway-secret.js'
import { openSshSession, sshSession } from '../../protocol/api/index.js'
import type { AccessWatch } from '../auth/watch.js'
import { ApiError } from '../errors.js'
import type { SandboxService } from '../sandboxes/service.js'
import { holdOpen } from './hold.js'
import type { SshLogin } from './login.js'
import type { SshSessions } from './sessions.js'

/** A connection is held by calls of this length, one after the other. */
const heldMs = 45_000

interface Parts {
  readonly login: SshLogin
  readonly sessions: SshSessions
  readonly sandboxes: SandboxService
  readonly watch: AccessWatch
}

/** What the gateway asks for: they are in no document, and no credential of a person or a program is good for them. */
export const gatewayRoutes =
  ({ login, sessions, sandboxes, watch }: Parts, secret: string): FastifyPluginAsyncZod =>
  async (app) => {
    const expected = Buffer.from(`Bearer ${gatewaySecretOf(secret)}`)
    const assertGateway = ({ headers }: FastifyRequest): void => {
      const sent = Buffer.from(headers.authorization ?? '')
      if (sent.length === expected.length && timingSafeEqual(sent, expected)) return
      throw new ApiError('unauthenticated', 'this is for the SSH gateway of this installation')
    }
    app.route({
      method: 'POST',
      url: '/ssh/sessions',
      schema: { hide: true, body: openSshSession, response: { 200: sshSession } },
      // Before the body is looked at.
      onRequest: async (request) => assertGateway(request),
      handler: ({ body }) =>
        login.open(Buffer.from(body.signed, 'base64'), Buffer.from(body.signature, 'base64'), body.address),
    })
    app.route({
      method: 'POST',
      url: '/ssh/session/hold',
      schema: { hide: true, response: { 204: z.null() } },
      handler: async (request, reply) => {
        const who = await sessions.require(request.raw)
        await sessions.renew(who.ssh.id)
        const over = new AbortController()
        let ended = false
        const end = () => {
          ended = true
          over.abort()
        }
        reply.raw.once('close', () => over.abort())
        const release = await holdOpen({ sandboxes, watch }, who, 'ssh.open', end)
        await sleep(heldMs, undefined, { signal: over.signal }).catch(() => {}) // it ended, or nobody waits
        release()
        if (!ended) return reply.code(204).send(null)
        throw new ApiError('unauthenticated', 'the access that this connection was opened with has ended')
      },
    })
    app.route({
      method: 'DELETE',
      url: '/ssh/session',
      schema: { hide: true, response: { 204: z.null() } },
      handler: async (request, reply) => {
        await sessions.end((await sessions.require(request.raw)).ssh.id)
        return reply.code(204).send(null)
      },
    })
  }
