import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import type { LtiPlatform } from '../../prisma/generated/client.js'
import { tenantId as tenantIdSchema } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { ApiError, notFound } from '../errors.js'
import type { Sealing } from '../transfers/sealing.js'
import { refusedLaunch } from './platform-keys.js'
import type { ToolUrls } from './urls.js'

/** From the beginning of a login to its token. People may have to sign in at their platform meanwhile. */
const loginSeconds = 600
const text = z.string().max(4096)

/** What a platform begins with. @see https://www.imsglobal.org/spec/security/v1p0/#step-1-third-party-initiated-login */
export const loginRequest = z.object({
  iss: z.string().min(1).max(2048),
  login_hint: text.min(1),
  target_link_uri: z.string().min(1).max(2048),
  lti_message_hint: text.optional(),
  client_id: z.string().max(255).optional(),
})

/** What comes back by the browser. */
export const launchForm = z.object({
  state: z.string().min(1).max(8192),
  id_token: z.string().min(1).max(100_000),
})

export interface Login {
  readonly platform: LtiPlatform
  readonly nonce: string
  readonly targetUrl: string
  /** The cookie of the browser that began it came back with the token. */
  readonly sameBrowser: boolean
}

/** What is known of a login until it comes back. */
const begun = z.object({
  ...{ platformId: z.string(), nonce: z.string(), targetUrl: z.string(), browser: z.string() },
  expiresAt: z.number(),
})
const place = (tenantId: string) => `lti login ${tenantId}`

/**
 * Logins that platforms begin. Anybody can ask for one, so nothing is stored: the state is sealed and comes back by the browser. Its nonce
 * is written down when a good token has come with it, and is good once.
 */
export class Logins {
  constructor(
    private readonly database: Database,
    private readonly urls: ToolUrls,
    private readonly sealing: Sealing,
  ) {}

  /**
   * @param wanted parameters of the query or of a form
   * @returns where the browser goes on to, and what its cookie is to have
   */
  async begin(tenantId: string, wanted: unknown): Promise<{ url: string; browser: string; maxAge: number }> {
    const read = loginRequest.safeParse(wanted)
    if (!read.success) {
      const [issue] = read.error.issues
      throw new ApiError(
        'invalid_request',
        `the login of the platform lacks a good ${String(issue?.path[0] ?? 'body')}`,
      )
    }
    const { iss, login_hint, target_link_uri, lti_message_hint, client_id } = read.data
    const platform = await this.#platform(tenantId, iss, client_id)
    this.#assertTarget(tenantId, target_link_uri)
    const [nonce, browser] = [secret(), secret()]
    const login: z.infer<typeof begun> = {
      ...{ platformId: platform.id, nonce, targetUrl: target_link_uri, browser: sha256(browser) },
      expiresAt: Date.now() + loginSeconds * 1000,
    }
    const state = this.sealing.seal(JSON.stringify(login), place(tenantId)).toString('base64url')
    const url = new URL(platform.authUrl)
    const parameters = {
      ...{ scope: 'openid', response_type: 'id_token', response_mode: 'form_post', prompt: 'none' },
      ...{ client_id: platform.clientId, redirect_uri: this.urls.of(tenantId).launchUrl },
      ...{ login_hint, state, nonce, ...(lti_message_hint === undefined ? {} : { lti_message_hint }) },
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return { url: url.href, browser, maxAge: loginSeconds }
  }

  /**
   * What a state that came back stands for.
   * @param browser what the cookie has, if there is one
   * @throws ApiError `forbidden` when it was never begun here, is over, or is of another tenant
   */
  async find(tenantId: string, state: string, browser: string | undefined): Promise<Login> {
    const text = this.sealing.open(Buffer.from(state, 'base64url'), place(tenantId))
    if (text === undefined) throw refusedLaunch('it was not begun here')
    const { platformId, nonce, targetUrl, expiresAt, browser: began } = begun.parse(JSON.parse(text))
    if (expiresAt < Date.now()) throw refusedLaunch(`it took longer than ${loginSeconds / 60} minutes`)
    const platform = await this.database.prisma.ltiPlatform.findFirst({ where: { id: platformId, tenantId } })
    if (platform === null) throw refusedLaunch('its platform is not registered any more')
    return { platform, nonce, targetUrl, sameBrowser: browser !== undefined && sha256(browser) === began }
  }

  /** To be called when everything else is good. @throws ApiError `forbidden` for one that has come before */
  async redeem({ nonce }: Pick<Login, 'nonce'>): Promise<void> {
    const { rowCount } = await this.database.pool.query(
      `INSERT INTO lti_nonce (hash, "expiresAt")
       VALUES ($1, now() AT TIME ZONE 'UTC' + interval '${2 * loginSeconds} seconds') ON CONFLICT DO NOTHING`,
      [sha256(nonce)],
    )
    if (rowCount !== 1) throw refusedLaunch('it was used already')
  }

  async #platform(tenantId: string, issuer: string, clientId: string | undefined): Promise<LtiPlatform> {
    if (!tenantIdSchema.safeParse(tenantId).success) throw notFound('tenant')
    const found = await this.database.prisma.ltiPlatform.findMany({
      where: { tenantId, issuer, ...(clientId === undefined ? {} : { clientId }) },
      take: 2,
    })
    const [platform, other] = found
    if (platform === undefined) {
      throw refusedLaunch(
        `no platform ${issuer.slice(0, 200)}${clientId === undefined ? '' : ` with the client ID ${clientId}`} is registered here; an owner can add it in the settings`,
      )
    }
    if (other !== undefined)
      throw refusedLaunch('the platform does not say which of its client IDs this is for')
    return platform
  }

  /** Launches lead to Cloche and to nowhere else. */
  #assertTarget(tenantId: string, target: string): void {
    const { launchUrl } = this.urls.of(tenantId)
    const { origin, pathname } = new URL(launchUrl)
    const url = URL.canParse(target) ? new URL(target) : undefined
    if (url?.origin === origin && url.pathname === pathname) return
    throw refusedLaunch(
      `it leads to another address than ${launchUrl}, which is the tool URL to enter in the platform`,
    )
  }
}

const secret = () => randomBytes(32).toString('base64url')
