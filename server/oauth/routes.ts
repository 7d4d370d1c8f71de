import type { FastifyInstance, FastifyReply } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { createGrant, grantCreated, grantPreview, grantRequest } from '../../protocol/api/index.js'
import { asApiError, sendProblem } from '../http/problem.js'
import { OAuthError } from './errors.js'
import type { Grants, Tokens } from './grants.js'

/** Where a client of `/mcp` finds out whom to ask. @see RFC 9728, 3 */
export const metadataPath = '/.well-known/oauth-protected-resource'

const text = z.string().min(1).max(4096)
const codeForm = z.object({
  ...{
    code: text,
    client_id: text,
    redirect_uri: text,
    code_verifier: z.string().regex(/^[\w.~-]{43,128}$/),
  },
  resource: text.optional(),
})
const refreshForm = z.object({ refresh_token: text, client_id: text, resource: text.optional() })
const tokenForm = z.object({ token: text })

/** What anybody may ask: where tokens come from, and for tokens with what only the client has. */
export function oauthRoutes(app: FastifyInstance, grants: Grants): void {
  const { issuer, resource } = grants
  app.addContentTypeParser<string>(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: 16 * 1024 },
    (_, body, done) => {
      const said = [...new URLSearchParams(body)]
      const names = said.map(([name]) => name)
      // Two of one name would be read differently by others.
      if (new Set(names).size < names.length)
        done(new OAuthError('invalid_request', 'a parameter is there twice'))
      else done(null, Object.fromEntries(said))
    },
  )
  app.setErrorHandler((error, request, reply) => {
    if (error instanceof OAuthError) return refuse(reply, error)
    const refusal = asApiError(error)
    return refusal.status < 500 && refusal.code !== 'forbidden'
      ? refuse(reply, new OAuthError('invalid_request', refusal.message))
      : sendProblem(error, request, reply)
  })
  app.addHook('onRequest', async (_, reply) => void reply.header('cache-control', 'no-store'))
  const hide = { schema: { hide: true } }
  for (const path of [metadataPath, `${metadataPath}/mcp`]) {
    app.get(path, hide, async () => ({
      ...{ resource, authorization_servers: [issuer], resource_name: 'Cloche' },
      ...{ scopes_supported: ['mcp'], bearer_methods_supported: ['header'] },
    }))
  }
  app.get('/.well-known/oauth-authorization-server', hide, async () => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/oauth/token`,
    registration_endpoint: `${issuer}/oauth/register`,
    revocation_endpoint: `${issuer}/oauth/revoke`,
    ...{ response_types_supported: ['code'], response_modes_supported: ['query'], scopes_supported: ['mcp'] },
    grant_types_supported: ['authorization_code', 'refresh_token'],
    ...{ code_challenge_methods_supported: ['S256'], token_endpoint_auth_methods_supported: ['none'] },
    ...{
      revocation_endpoint_auth_methods_supported: ['none'],
      authorization_response_iss_parameter_supported: true,
    },
  }))
  app.post('/oauth/register', { ...hide, bodyLimit: 16 * 1024 }, async (request, reply) => {
    reply.code(201)
    return grants.clients.register(request.body ?? {})
  })
  app.post('/oauth/token', hide, async ({ body }) => tokensFor(grants, body))
  app.post('/oauth/revoke', hide, async ({ body }) => {
    await grants.revoke(parsed(tokenForm, body).token)
    return {}
  })
}

const kind = z.object({ grant_type: text })

function tokensFor(grants: Grants, body: unknown): Promise<Tokens> {
  const { grant_type } = parsed(kind, body)
  if (grant_type === 'authorization_code') {
    const { code, client_id, redirect_uri, code_verifier, resource } = parsed(codeForm, body)
    grants.clients.find(client_id)
    grants.assertResource(resource)
    return grants.exchange({ code, clientId: client_id, redirectUri: redirect_uri, verifier: code_verifier })
  }
  if (grant_type === 'refresh_token') {
    const { refresh_token, client_id, resource } = parsed(refreshForm, body)
    grants.clients.find(client_id)
    grants.assertResource(resource)
    return grants.refresh({ token: refresh_token, clientId: client_id })
  }
  throw new OAuthError('unsupported_grant_type', 'grant_type: is authorization_code or refresh_token')
}

function parsed<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  const result = schema.safeParse(body ?? {})
  if (result.success) return result.data
  throw new OAuthError('invalid_request', z.prettifyError(result.error))
}

const refuse = (reply: FastifyReply, { code, message }: OAuthError) =>
  reply
    .code(code === 'invalid_client' ? 401 : 400)
    .type('application/json')
    .serializer(JSON.stringify)
    .send({ error: code, error_description: message })

/** What a person decides about, on the page `/authorize`. */
export const grantRoutes =
  (grants: Grants): FastifyPluginAsyncZod =>
  async (app) => {
    const tags = ['tenants']
    app.route({
      method: 'POST',
      url: '/grants/preview',
      schema: {
        ...{ tags, summary: 'What a program asks for by OAuth', body: grantRequest },
        response: { 200: grantPreview },
      },
      handler: (request) => grants.preview(request.principal, request.body),
    })
    app.route({
      method: 'POST',
      url: '/grants',
      schema: {
        ...{ tags, summary: 'Let a program use /mcp for the tenant', body: createGrant },
        description:
          'It becomes a key of the tenant when the program fetches its tokens: `GET /keys` lists it, and deleting it ends its access.',
        response: { 201: grantCreated },
      },
      handler: async (request, reply) => {
        reply.code(201)
        return { redirectTo: await grants.create(request.principal, request.body) }
      },
    })
  }
