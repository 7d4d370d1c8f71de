import fastifySwagger from '@fastify/swagger'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { accountRoutes, linkRoutes } from './account/routes.js'
import { adminRoutes } from './admin/routes.js'
import { assignmentRoutes } from './assignments/routes.js'
import { doorOf, type Principal } from './auth/principal.js'
import { authRoutes } from './auth/routes.js'
import { buildRoutes } from './builds/routes.js'
import { classRoutes } from './classes/routes.js'
import { notFound } from './errors.js'
import { eventRoutes } from './events/routes.js'
import { examRoutes } from './exams/routes.js'
import { exportRoutes } from './exports/routes.js'
import { fileRoutes, signedRoutes } from './files/routes.js'
import { lineCommentRoutes } from './grading/line-comment-routes.js'
import { gradingRoutes } from './grading/routes.js'
import { checkWith } from './http/check-with.js'
import { refuseForeignOrigin } from './http/guard.js'
import { serveHealth } from './http/health.js'
import { refuseForeignHost } from './http/hosts.js'
import { type Once, once as onceIn } from './http/idempotency.js'
import { dropLeftovers } from './http/leftovers.js'
import { serveMetrics } from './http/metrics.js'
import { endSlowUploads } from './http/pace.js'
import { sendProblem } from './http/problem.js'
import { sendWhenReady } from './http/slow.js'
import { lessonRoutes } from './lessons/routes.js'
import { languageServerRoutes } from './lsp/routes.js'
import { doorRoutes } from './lti/door-routes.js'
import { ltiRoutes } from './lti/routes.js'
import { mcpRoutes } from './mcp/routes.js'
import { readinessOf } from './nodes/readiness.js'
import { grantRoutes, metadataPath, oauthRoutes } from './oauth/routes.js'
import { describeApi } from './openapi/document.js'
import { serveDocument } from './openapi/serve.js'
import type { Parts } from './parts.js'
import { portRoutes } from './previews/routes.js'
import { handoverRoute } from './previews/serve.js'
import { privacyRoutes } from './privacy/routes.js'
import { processRoutes } from './processes/routes.js'
import { registryRoutes } from './registry/routes.js'
import { runRoutes } from './runs/routes.js'
import { sandboxRoutes } from './sandboxes/routes.js'
import { scheduleRoutes } from './schedules/routes.js'
import { shareRoutes } from './shares/routes.js'
import { similarityRoutes } from './similarity/routes.js'
import { snapshotRoutes } from './snapshots/routes.js'
import { gatewayRoutes } from './ssh/gateway-routes.js'
import { sshRoutes } from './ssh/routes.js'
import { stackRoutes } from './stacks/routes.js'
import { statisticsRoutes } from './statistics/routes.js'
import { studentDataRoutes } from './student-data/routes.js'
import { submissionRoutes } from './submissions/routes.js'
import { templateRoutes } from './templates/routes.js'
import { auditRoutes } from './tenants/audit-routes.js'
import { tenantRoutes } from './tenants/routes.js'
import { terminalRoutes } from './terminals/routes.js'
import { timetableRoutes } from './timetables/routes.js'
import { transferRoutes } from './transfers/routes.js'
import { usageRoutes } from './usage/routes.js'
import { volumeRoutes } from './volumes/routes.js'
import { webhookRoutes } from './webhooks/routes.js'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling; set before any handler below `/api/v1` runs. */
    principal: Principal
  }
}

/** What most calls carry is a few lines; those that carry more say so themselves. */
const bodyBytes = 1024 * 1024

const named = z.object({ id: z.string() })

/** The HTTP API, with everything but pages and sockets. */
export async function createServer(parts: Parts): Promise<FastifyInstance> {
  const { config, database, nodes, auth, attempts, principals, watch, services } = parts
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
  dropLeftovers(app)
  app.setValidatorCompiler(checkWith)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(async (error, request, reply) => {
    await services.events.noteRefusal(request.principal, error)
    return sendProblem(error, request, reply)
  })
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
  serveDocument(app)
  serveHealth(app, {
    database: () => database.pool.query('SELECT 1'),
    nodes: () => readinessOf(nodes),
  })
  authRoutes(app, auth, attempts, principals)
  handoverRoute(app, parts.previews)
  doorRoutes(app, services.lti.door, config.publicUrl)
  linkRoutes(app, services.account, services.members, services.shares)
  await app.register(signedRoutes(services.files, services.signed), { prefix: '/api/v1' })
  await app.register(async (scope) => oauthRoutes(scope, services.grants))
  await app.register(gatewayRoutes(services.ssh, config.secret), { prefix: '/api/v1' })
  await app.register(async (known) => registryRoutes(known, { principals, watch, ...services.registry }))
  await app.register(async (known) => {
    known.decorateRequest('principal')
    known.addHook('onRequest', async (request) => {
      const { url = '' } = request.routeOptions
      const { id } = named.safeParse(request.params).data ?? {}
      const bySsh = await services.ssh.sessions.identify(request.raw, url, id)
      const principal = bySsh ?? (await principals.identify(request.raw, undefined, doorOf(request.url)))
      const isUnattended = request.headers['cloche-unattended'] === 'true'
      request.principal = isUnattended ? { ...principal, unattended: true } : principal
    })
    watch.watchCalls(known)
    parts.sandboxes.guests.watchCalls(known, (who, id) => parts.sandboxes.isGuest(who, id))
    serveMetrics(known, services.administration.nodes)
    const { cancellations } = parts
    await known.register(async (mcp) =>
      mcpRoutes(mcp, {
        ...{ services, cancellations, heartbeatMs: config.heartbeatMs },
        metadataUrl: `${config.publicUrl}${metadataPath}/mcp`,
      }),
    )
    await known.register(
      async (api) => {
        const { sandboxes, execs, processes, terminals, files, runs, tenants, members, keys, account } =
          services
        const once: Once = (...making) => onceIn(database, ...making)
        await api.register(sandboxRoutes(sandboxes, execs, once, config.heartbeatMs))
        await api.register(terminalRoutes(terminals))
        await api.register(processRoutes(processes, config.heartbeatMs))
        await api.register(languageServerRoutes(services.languageServers))
        await api.register(portRoutes(services.ports))
        await api.register(fileRoutes(files, services.signed, config.heartbeatMs))
        await api.register(shareRoutes(services.shares))
        await api.register(sshRoutes(services.ssh.keys, services.ssh.access))
        await api.register(snapshotRoutes(services.snapshots, services.snapshotImages, config.heartbeatMs))
        await api.register(scheduleRoutes(services.schedules))
        await api.register(classRoutes(services.classes, config.publicUrl))
        await api.register(assignmentRoutes(services.assignments, config.heartbeatMs))
        await api.register(examRoutes(services.exams))
        await api.register(lessonRoutes(services.lessons, config.heartbeatMs))
        await api.register(timetableRoutes(services.timetables))
        await api.register(submissionRoutes(services.submissions, once, config.heartbeatMs))
        await api.register(gradingRoutes(services.gradings))
        await api.register(statisticsRoutes(services.statistics))
        await api.register(studentDataRoutes(services.studentExports, services.studentDeletions))
        await api.register(similarityRoutes(services.similarity, config.heartbeatMs))
        await api.register(lineCommentRoutes(services.gradings.lineComments))
        await api.register(ltiRoutes(services.lti, config.heartbeatMs))
        await api.register(templateRoutes(sandboxes, services.templates, config.heartbeatMs))
        await api.register(exportRoutes(services.exports))
        await api.register(volumeRoutes(services.volumes, services.volumeFiles, config.heartbeatMs))
        await api.register(stackRoutes(services.stacks, services.stackLogs, config.heartbeatMs))
        await api.register(buildRoutes(services.builds, config.heartbeatMs))
        await api.register(transferRoutes(services.transfers, services.credentials, config.heartbeatMs))
        await api.register(runRoutes(runs, config.heartbeatMs))
        await api.register(tenantRoutes(tenants, members, keys, principals, config.publicUrl))
        await api.register(grantRoutes(services.grants))
        await api.register(auditRoutes(services.auditLog))
        await api.register(eventRoutes(services.events, config.heartbeatMs))
        await api.register(webhookRoutes(services.webhooks, services.webhookDeliveries))
        await api.register(accountRoutes(account))
        await api.register(usageRoutes(services.usages))
        await api.register(
          adminRoutes(services.administration, (reply, result, upload) =>
            sendWhenReady(reply, result, config.heartbeatMs, upload),
          ),
          { prefix: '/admin' },
        )
        await api.register(privacyRoutes(services.privacy), { prefix: '/admin' })
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
