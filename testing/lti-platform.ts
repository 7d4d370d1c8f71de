import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRemoteJWKSet, exportJWK, generateKeyPair, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import { freePort } from './instance.js'

const claim = 'https://purl.imsglobal.org/spec/lti/claim/'
export const ltiClaims = {
  ...{ messageType: `${claim}message_type`, version: `${claim}version`, roles: `${claim}roles` },
  ...{ deployment: `${claim}deployment_id`, targetUrl: `${claim}target_link_uri` },
  ...{ context: `${claim}context`, link: `${claim}resource_link`, custom: `${claim}custom` },
  settings: 'https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings',
  items: 'https://purl.imsglobal.org/spec/lti-dl/claim/content_items',
  lineItems: 'https://purl.imsglobal.org/spec/lti-ags/claim/endpoint',
  roster: 'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice',
} as const
const membership = 'http://purl.imsglobal.org/vocab/lis/v2/membership'
export const ltiRoles = {
  teacher: `${membership}#Instructor`,
  assistant: `${membership}/Instructor#TeachingAssistant`,
  student: `${membership}#Learner`,
  institutionAdministrator: 'http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator',
} as const
const ags = 'https://purl.imsglobal.org/spec/lti-ags/scope'
const nrps = 'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly'

export interface PlatformUser {
  readonly id: string
  readonly name: string
  readonly roles: readonly string[]
  readonly status?: string
}
export interface TakenScore {
  readonly userId: string
  readonly timestamp: string
  readonly scoreGiven?: number
  readonly scoreMaximum?: number
  readonly comment?: string
  readonly gradingProgress: string
}
interface LineItem {
  readonly id: string
  readonly resourceId?: string
  readonly resourceLinkId?: string
  readonly label: string
  readonly scoreMaximum: number
}
/** What a tool has asked for by the browser. */
interface Asked {
  readonly state: string
  readonly nonce: string
  readonly redirectUri: string
  readonly hint: string
}

/**
 * A learning platform of LTI 1.3, for tests: it signs launches, checks what a tool signs and asks for, and keeps a roster, line items and
 * scores. What a tool does wrong is refused as the specification says it: that is what makes it a reference.
 */
export class ReferencePlatform implements AsyncDisposable {
  readonly users = new Map<string, PlatformUser>()
  readonly lineItems: LineItem[] = []
  /** By line item and user, what counts: of two the later timestamp. */
  readonly scores = new Map<string, TakenScore>()
  /** All that were accepted, in their order. */
  readonly accepted: TakenScore[] = []
  /** So many of the next calls of scores fail with 503. */
  failures = 0
  /** The next call of scores is held back until then. */
  hold: Promise<void> | undefined
  /** Called when one is. */
  onHeld = () => {}
  pageSize = 2
  clientId = 'the-client'
  /** What the last registration of a tool was. */
  registered: Record<string, unknown> | undefined
  #keys: { kid: string; privateKey: CryptoKey; jwk: object }[] = []
  readonly #tokens = new Map<string, string>()
  readonly #assertions = new Set<string>()

  private constructor(
    readonly url: string,
    readonly host: string,
    private readonly server: ReturnType<typeof createServer>,
    private readonly toolKeys: string,
  ) {}

  /** @param toolUrl where the tool is: its keys are read there */
  static async start(toolUrl: string, port?: number): Promise<ReferencePlatform> {
    const at = port ?? (await freePort())
    const server = createServer((request, response) => {
      void platform.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error))
      })
    })
    const url = `http://127.0.0.1:${at}`
    const platform: ReferencePlatform = new ReferencePlatform(
      url,
      `127.0.0.1:${at}`,
      server,
      `${toolUrl}/lti/jwks`,
    )
    await platform.rotate()
    await new Promise<void>((resolve) => server.listen(at, '127.0.0.1', resolve))
    return platform
  }

  /** A new key; those before are not published any more. */
  async rotate(): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
    const kid = randomUUID()
    this.#keys = [
      { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: 'RS256', use: 'sig' } },
    ]
  }

  get publicJwk(): Record<string, unknown> {
    return { ...this.#keys[0]?.jwk }
  }

  get registration() {
    return {
      ...{ name: 'Reference', issuer: this.url, clientId: this.clientId, deployments: ['1'] },
      ...{ authUrl: `${this.url}/auth`, tokenUrl: `${this.url}/token`, jwksUrl: `${this.url}/keys` },
    }
  }

  /** The token of a launch. @param changes of the claims; undefined takes one away */
  async idToken(
    user: PlatformUser,
    nonce: string,
    targetUrl: string,
    changes: Record<string, unknown> = {},
    courseId = 'course-1',
  ): Promise<string> {
    const payload: JWTPayload = {
      ...{ iss: this.url, aud: this.clientId, sub: user.id, nonce, name: user.name },
      ...{ iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 300 },
      ...{ [ltiClaims.version]: '1.3.0', [ltiClaims.messageType]: 'LtiResourceLinkRequest' },
      ...{ [ltiClaims.deployment]: '1', [ltiClaims.targetUrl]: targetUrl, [ltiClaims.roles]: user.roles },
      ...{ [ltiClaims.context]: { id: courseId, title: 'Informatics' }, [ltiClaims.link]: { id: 'link-1' } },
      [ltiClaims.lineItems]: {
        scope: [`${ags}/lineitem`, `${ags}/score`],
        lineitems: `${this.url}/${courseId}/lineitems`,
      },
      [ltiClaims.roster]: {
        context_memberships_url: `${this.url}/${courseId}/members`,
        service_versions: ['2.0'],
      },
      ...changes,
    }
    const [key] = this.#keys
    if (key === undefined) throw new Error('no key')
    return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid: key.kid }).sign(key.privateKey)
  }

  /** Checks what a tool redirects to. @throws Error when it is not as OpenID Connect has it */
  authRequest(location: string): Asked {
    const url = new URL(location)
    const get = (name: string) => url.searchParams.get(name) ?? ''
    const wanted = {
      ...{ scope: 'openid', response_type: 'id_token', response_mode: 'form_post', prompt: 'none' },
      client_id: this.clientId,
    }
    if (url.origin + url.pathname !== `${this.url}/auth`) throw new Error(`redirected to ${location}`)
    for (const [name, value] of Object.entries(wanted)) {
      if (get(name) !== value) throw new Error(`${name} is ${get(name)}`)
    }
    if (get('state').length < 20 || get('nonce').length < 20) throw new Error('state or nonce can be guessed')
    return {
      ...{ state: get('state'), nonce: get('nonce') },
      ...{ redirectUri: get('redirect_uri'), hint: get('login_hint') },
    }
  }

  /** What a tool has signed for us. */
  async verifyFromTool(jwt: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(jwt, createRemoteJWKSet(new URL(this.toolKeys)), {
      ...{ issuer: this.clientId, audience: this.url, algorithms: ['RS256'] },
      requiredClaims: ['nonce', 'iat', 'exp'],
    })
    return payload
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', this.url)
    const json = (body: unknown, headers: Record<string, string> = {}, status = 200) =>
      void response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify(body))
    const parts: Buffer[] = []
    for await (const part of request) parts.push(Buffer.from(part))
    const body = Buffer.concat(parts).toString()
    const may = (scope: string) => {
      const scopes = this.#tokens.get((request.headers.authorization ?? '').replace('Bearer ', ''))
      if (scopes?.split(' ').includes(scope)) return true
      json({}, {}, 401)
      return false
    }
    if (pathname === '/keys') return json({ keys: this.#keys.map(({ jwk }) => jwk) })
    if (pathname === '/token') return this.#token(new URLSearchParams(body), json)
    if (pathname === '/openid') return json(this.#configuration())
    if (pathname === '/register') {
      this.registered = JSON.parse(body)
      if (request.headers.authorization !== 'Bearer once') return json({}, {}, 401)
      return json({
        client_id: this.clientId,
        'https://purl.imsglobal.org/spec/lti-tool-configuration': { deployment_id: '1' },
      })
    }
    if (pathname.endsWith('/members'))
      return may(nrps) ? this.#members(pathname, searchParams, json) : undefined
    if (pathname.endsWith('/lineitems')) {
      if (!may(`${ags}/lineitem`)) return
      if (request.method === 'GET') {
        const resourceId = searchParams.get('resource_id')
        return json(this.lineItems.filter((one) => one.resourceId === resourceId))
      }
      const made = { ...JSON.parse(body), id: `${this.url}${pathname}/${this.lineItems.length + 1}?v=1` }
      this.lineItems.push(made)
      return json(made, {}, 201)
    }
    if (pathname.endsWith('/scores'))
      return may(`${ags}/score`) ? this.#score(pathname, JSON.parse(body), json) : undefined
    json({}, {}, 404)
  }

  #configuration() {
    return {
      ...{
        issuer: this.url,
        authorization_endpoint: `${this.url}/auth`,
        token_endpoint: `${this.url}/token`,
      },
      ...{ jwks_uri: `${this.url}/keys`, registration_endpoint: `${this.url}/register` },
      'https://purl.imsglobal.org/spec/lti-platform-configuration': { product_family_code: 'reference' },
    }
  }

  async #token(
    form: URLSearchParams,
    json: (body: unknown, headers?: Record<string, string>, status?: number) => void,
  ) {
    const { payload } = await jwtVerify(
      form.get('client_assertion') ?? '',
      createRemoteJWKSet(new URL(this.toolKeys)),
      {
        ...{ issuer: this.clientId, subject: this.clientId, audience: `${this.url}/token` },
        ...{ algorithms: ['RS256'], requiredClaims: ['jti', 'exp', 'iat'] },
      },
    )
    const jti = String(payload.jti)
    if (form.get('grant_type') !== 'client_credentials' || this.#assertions.has(jti)) return json({}, {}, 400)
    this.#assertions.add(jti)
    const token = randomUUID()
    this.#tokens.set(token, form.get('scope') ?? '')
    json({ access_token: token, token_type: 'Bearer', expires_in: 3600, scope: form.get('scope') })
  }

  #members(
    pathname: string,
    query: URLSearchParams,
    json: (body: unknown, headers?: Record<string, string>) => void,
  ): void {
    const at = Number(query.get('at') ?? 0)
    const all = [...this.users.values()]
    const next =
      at + this.pageSize < all.length ? `<${pathname}?at=${at + this.pageSize}>; rel="next"` : undefined
    const members = all.slice(at, at + this.pageSize).map(({ id, name, roles, status = 'Active' }) => ({
      ...{ user_id: id, name, roles, status },
    }))
    json({ id: pathname, context: { id: 'course-1' }, members }, next === undefined ? {} : { link: next })
  }

  async #score(
    pathname: string,
    score: TakenScore,
    json: (body: unknown, headers?: Record<string, string>, status?: number) => void,
  ): Promise<void> {
    if (this.failures > 0) {
      this.failures--
      return json({}, {}, 503)
    }
    const { hold } = this
    this.hold = undefined
    if (hold !== undefined) {
      this.onHeld()
      await hold
    }
    const key = `${pathname} ${score.userId}`
    const before = this.scores.get(key)
    if (before !== undefined && before.timestamp >= score.timestamp) return json({}, {}, 409)
    this.scores.set(key, score)
    this.accepted.push(score)
    json({})
  }
}
