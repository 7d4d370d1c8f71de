import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { OAuthError } from './errors.js'

/** A program that asks people for access. Nobody has checked what it calls itself. */
export interface Client {
  readonly name: string
  readonly redirectUris: readonly string[]
}

/** Programs on the machine of the person; others have a scheme with a dot in it, or a loopback address. */
const knownSchemes = new Set(['cursor:', 'vscode:', 'vscode-insiders:', 'windsurf:', 'zed:', 'claude:'])
const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])
const maxUris = 5

/** @see RFC 7591, 2: what else a client says about itself is not needed, and is not kept */
const registration = z.looseObject({
  client_name: z.string().trim().min(1).max(64).default('An unnamed program'),
  redirect_uris: z.array(z.string().max(256)).min(1).max(maxUris),
  token_endpoint_auth_method: z.string().optional(),
  grant_types: z.array(z.string()).optional(),
  response_types: z.array(z.string()).optional(),
})
const claims = z.object({ n: z.string(), r: z.array(z.string()) })

/**
 * Clients that register themselves. Their id says what they are and is signed, so nothing is stored: whoever registers a
 * million of them costs nothing. What a person has allowed to one is a row, and can be withdrawn.
 */
export class Clients {
  readonly #key: Buffer

  /** @param secret of the installation */
  constructor(secret: string) {
    this.#key = createHmac('sha256', secret).update('clients of OAuth').digest()
  }

  /** @returns what RFC 7591, 3.2.1 answers. @throws OAuthError */
  register(body: unknown): Record<string, unknown> {
    const parsed = registration.safeParse(body)
    if (!parsed.success) throw new OAuthError('invalid_client_metadata', z.prettifyError(parsed.error))
    const { client_name, redirect_uris } = parsed.data
    for (const uri of redirect_uris) assertRedirect(uri)
    const said = Buffer.from(
      JSON.stringify({ n: client_name, r: redirect_uris } satisfies z.infer<typeof claims>),
    )
    const id = said.toString('base64url')
    return {
      client_id: `${id}.${this.#sign(id)}`,
      client_id_issued_at: Math.floor(Date.now() / 1000),
      ...{ client_name, redirect_uris, token_endpoint_auth_method: 'none' },
      ...{ grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    }
  }

  /** @throws OAuthError when this installation has not registered it */
  find(clientId: string): Client {
    const [body = '', signature = ''] = clientId.split('.')
    const [given, own] = [Buffer.from(signature), Buffer.from(this.#sign(body))]
    if (given.length !== own.length || !timingSafeEqual(given, own)) {
      throw new OAuthError('invalid_client', 'the client is not registered here; register it again')
    }
    const { n, r } = claims.parse(JSON.parse(Buffer.from(body, 'base64url').toString()))
    return { name: n, redirectUris: r }
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url')
  }
}

/** Where a code may be sent: never to a page without TLS, nor into a script. @throws OAuthError */
function assertRedirect(uri: string): void {
  const url = urlOf(uri)
  if (url === undefined || uri.includes('#') || url.username !== '' || url.password !== '') {
    throw new OAuthError('invalid_redirect_uri', `${uri} is no address without a fragment and a password`)
  }
  const isApp = knownSchemes.has(url.protocol) || /^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:$/.test(url.protocol)
  if (url.protocol === 'https:' || isApp || (url.protocol === 'http:' && loopback.has(url.hostname))) return
  throw new OAuthError(
    'invalid_redirect_uri',
    `${uri} must be https:, http: of a loopback address, or a scheme of a program with a dot in its name`,
  )
}

/**
 * Whether an address is one of those that were registered, letter by letter. A program on the same machine listens at a port
 * that it does not choose.
 * @see RFC 8252, 7.3
 */
export function isRegistered({ redirectUris }: Client, uri: string): boolean {
  if (urlOf(uri) === undefined) return false
  return redirectUris.some((one) => one === uri || (isLoopback(one) && withoutPort(one) === withoutPort(uri)))
}

function isLoopback(uri: string): boolean {
  const url = urlOf(uri)
  return url?.protocol === 'http:' && loopback.has(url.hostname)
}

const withoutPort = (uri: string) =>
  uri.replace(/^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])):\d{1,5}(?=[/?]|$)/, '$1')

const urlOf = (uri: string): URL | undefined => (URL.canParse(uri) ? new URL(uri) : undefined)

/** Where a person is told that the answer goes. */
export function hostOf(uri: string): string {
  const { protocol, host } = new URL(uri)
  return protocol === 'https:' || protocol === 'http:' ? host : protocol
}
