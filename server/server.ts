import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { Logger } from 'pino'
import { Passwords } from './account/passwords.js'
import { accountRoutes, linkRoutes } from './account/routes.js'
import { adminRoutes } from './admin/routes.js'
import type { Attempts } from './auth/attempts.js'
import type { Auth } from './auth/auth.js'
import type { Principal, Principals } from './auth/principal.js'
import { authRoutes } from './auth/routes.js'
import type { AccessWatch } from './auth/watch.js'
import type { Config } from './config.js'
import type { Database } from './database/client.js'
import { notFound } from './errors.js'
import { checkWith } from './http/check-with.js'
import { refuseForeignOrigin } from './http/guard.js'
import { serveHealth } from './http/health.js'
import { refuseForeignHost } from './http/hosts.js'
import { serveMetrics } from './http/metrics.js'
import { endSlowUploads } from './http/pace.js'
import { sendProblem } from './http/problem.js'
import type { Pairing } from './installation/pairing.js'
import { describeApi } from './openapi/document.js'
import type { Callbacks } from './runs/callbacks.js'
import { runRoutes } from './runs/routes.js'
import type { RunService } from './runs/service.js'
import type { RuntimeClient } from './runtime-client/client.js'
import { fileRoutes } from './sandboxes/files.js'
import type { Orphans } from './sandboxes/orphans.js'
import { sandboxRoutes } from './sandboxes/routes.js'
import type { SandboxService } from './sandboxes/service.js'
import { tenantRoutes } from './tenants/routes.js'
import { usageRoutes } from './usage/routes.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; set before any handler below `/api/v1` runs. */
    principal: Principal
  }
}

/** The parts that calls act on. */
export interface Parts {
  readonly config: Config
  readonly log: Logger
  readonly database: Database
  readonly runtime: RuntimeClient
  readonly pairing: Pairing
  readonly orphans: Orphans
  readonly auth: Auth
  readonly attempts: Attempts
  readonly principals: Principals
  readonly watch: AccessWatch
  readonly sandboxes: SandboxService
  readonly runs: RunService
  readonly callbacks: Callbacks
}

/** What most calls carry is a few lines; those that carry more say so themselves. */
const bodyBytes = 1024 * 1024

/** The HTTP API, with everything but pages and sockets. */
export async function createServer(parts: Parts): Promise<FastifyInstance> {
  const { config, database, runtime, pairing, orphans } = parts
  const { auth, attempts, principals, watch, sandboxes, runs, callbacks } = parts
  const log: FastifyBaseLogger = parts.log
  const app = Fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: bodyBytes,
    trustProxy: config.trustedProxies.length > 0 ? [...config.trustedProxies] : false,
    forceCloseConnections: true,
    // Of bodies `pace.ts` takes care: a long upload that goes on is legal.
    http: { headersTimeout: 10_000, requestTimeout: 0, connectionsCheckingInterval: 2000 },
    routerOptions: { maxParamLength: 128 },
  }).withTypeProvider<ZodTypeProvider>()
  endSlowUploads(app, parts.log)
  app.setValidatorCompiler(checkWith)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(sendProblem)
  app.setNotFoundHandler((request, reply) => sendProblem(notFound('endpoint'), request, reply))
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined)
    else parseJson(request, body, done)
  })
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'permissions-policy': 'camera=(), microphone=(), geolocation=()',
      ...(config.publicUrl.startsWith('https:') ? { 'strict-transport-security': 'max-age=31536000' } : {}),
    })
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
    refuseForeignHost(request.raw, config.hosts)
    await refuseForeignOrigin(request, config.origins, principals)
  })
  await app.register(fastifySwagger, describeApi(config.publicUrl))
  app.get('/api/openapi.json', { schema: { hide: true } }, async () => app.swagger())
  serveHealth(app, database, runtime, pairing)
  authRoutes(app, auth, attempts, principals)
  const passwords = new Passwords(database, async () => (await auth.$context).password)
  linkRoutes(app, database, principals, passwords)
  await app.register(async (known) => {
    known.decorateRequest('principal')
    known.addHook('onRequest', async (request) => {
      request.principal = await principals.identify(request.raw)
    })
    watch.watchCalls(known)
    serveMetrics(known, runtime, pairing, orphans)
    await known.register(
      async (api) => {
        await api.register(sandboxRoutes(sandboxes, runtime, database, config.heartbeatMs))
        await api.register(fileRoutes(sandboxes, runtime, database))
        await api.register(runRoutes(runs, callbacks, sandboxes.templates, config.heartbeatMs))
        await api.register(tenantRoutes(database, principals, sandboxes.templates, config.publicUrl))
        await api.register(accountRoutes(database, principals, passwords))
        await api.register(usageRoutes(database))
        await api.register(
          adminRoutes({ database, runtime, sandboxes, pairing, orphans: orphans }, config.publicUrl),
          {
            prefix: '/admin',
          },
        )
        api.route({
          method: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
          url: '/*',
          schema: { hide: true },
          handler: async () => {
            throw notFound('endpoint')
          },
        })
      },
      { prefix: '/api/v1' },
    )
  })
  return app
}
