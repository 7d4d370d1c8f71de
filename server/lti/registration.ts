import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import type { LtiPlatform } from '../../protocol/api/index.js'
import type { Database } from '../database/client.js'
import { ApiError } from '../errors.js'
import { type PlatformCalls, PlatformError, told } from './calls.js'
import { scopes, shownName } from './claims.js'
import type { Platforms } from './platforms.js'
import type { ToolUrls } from './urls.js'

const address = z.url({ protocol: /^https?$/ }).max(2048)

/** What the platform opens. @see https://www.imsglobal.org/spec/lti-dr/v1p0 */
export const registrationQuery = z.object({
  link: z.string().min(1).max(200),
  openid_configuration: address,
  registration_token: z.string().max(8192).optional(),
})
export type RegistrationQuery = z.infer<typeof registrationQuery>

const configuration = z.object({
  issuer: address,
  authorization_endpoint: address,
  token_endpoint: address,
  jwks_uri: address,
  registration_endpoint: address,
  'https://purl.imsglobal.org/spec/lti-platform-configuration': z
    .object({ product_family_code: z.string().max(200).optional() })
    .optional(),
})

const toolConfiguration = 'https://purl.imsglobal.org/spec/lti-tool-configuration'
const registered = z.object({
  client_id: z.string().min(1).max(255),
  [toolConfiguration]: z.object({ deployment_id: z.string().max(255).optional() }).optional(),
})

const linkIsOver = () =>
  new ApiError(
    'not_found',
    'the registration link was used or has expired; an owner can make a new one in the settings',
  )

/** Dynamic registration: a platform that an owner has given a link enters Cloche, and is entered here, by itself. */
export class Registrations {
  constructor(
    private readonly database: Database,
    private readonly calls: PlatformCalls,
    private readonly platforms: Platforms,
    private readonly urls: ToolUrls,
  ) {}

  /** Who has made a link, and the tenant that it is for. Its secret says who may ask. @throws ApiError `not_found` */
  async look({ link }: Pick<RegistrationQuery, 'link'>): Promise<{ tenant: string; createdBy: string }> {
    const row = await this.database.prisma.ltiRegistration.findFirst({
      where: { hash: sha256(link), expiresAt: { gt: new Date() } },
      include: { tenant: { select: { name: true } } },
    })
    if (row === null) throw linkIsOver()
    return { tenant: row.tenant.name, createdBy: row.createdBy }
  }

  /**
   * Registers, which uses up the link, whatever comes of it.
   * @throws ApiError `not_found` for the link; `conflict` with what the platform does; `invalid_request`
   */
  async register({
    link,
    openid_configuration,
    registration_token,
  }: RegistrationQuery): Promise<LtiPlatform> {
    const { rows } = await this.database.pool.query(
      `DELETE FROM lti_registration WHERE hash = $1 AND "expiresAt" > now() AT TIME ZONE 'UTC' RETURNING "tenantId", "createdBy"`,
      [sha256(link)],
    )
    const found = z.object({ tenantId: z.string(), createdBy: z.string() }).safeParse(rows[0])
    if (!found.success) throw linkIsOver()
    const { tenantId, createdBy } = found.data
    this.calls.assertMay(openid_configuration)
    return told(async () => {
      const read = configuration.safeParse((await this.calls.json(openid_configuration)).body)
      if (!read.success) throw new PlatformError('its OpenID configuration is not as LTI 1.3 has it')
      const about = read.data
      // Who answers for a host speaks for the issuer at that host, and for no other.
      if (new URL(about.issuer).host !== new URL(openid_configuration).host) {
        throw new PlatformError(
          `it says that it is ${about.issuer}, and was read from another host; add it by hand in the settings`,
        )
      }
      const { body } = await this.calls.json(about.registration_endpoint, {
        method: 'POST',
        ...(registration_token === undefined ? {} : { token: registration_token }),
        body: JSON.stringify(this.#toolOf(tenantId)),
      })
      const made = registered.safeParse(body)
      if (!made.success) throw new PlatformError('it does not say which client ID Cloche has')
      const deployment = made.data[toolConfiguration]?.deployment_id
      const family = about['https://purl.imsglobal.org/spec/lti-platform-configuration']?.product_family_code
      return this.platforms.store(
        { tenantId, actor: createdBy },
        {
          name: shownName(`${family ?? 'LTI'} ${new URL(about.issuer).host}`, 'LTI'),
          ...{ issuer: about.issuer, clientId: made.data.client_id, authUrl: about.authorization_endpoint },
          ...{ tokenUrl: about.token_endpoint, jwksUrl: about.jwks_uri },
          deployments: deployment === undefined ? [] : [deployment],
        },
      )
    })
  }

  #toolOf(tenantId: string) {
    const { loginUrl, launchUrl, jwksUrl } = this.urls.of(tenantId)
    const { hostname } = new URL(this.urls.publicUrl)
    return {
      ...{ application_type: 'web', client_name: 'Cloche', client_uri: this.urls.publicUrl },
      ...{ response_types: ['id_token'], grant_types: ['implicit', 'client_credentials'] },
      ...{ initiate_login_uri: loginUrl, redirect_uris: [launchUrl], jwks_uri: jwksUrl },
      ...{ token_endpoint_auth_method: 'private_key_jwt', scope: Object.values(scopes).join(' ') },
      [toolConfiguration]: {
        ...{ domain: hostname, target_link_uri: launchUrl },
        claims: ['iss', 'sub', 'name', 'given_name', 'family_name'],
        messages: [
          { type: 'LtiResourceLinkRequest' },
          { type: 'LtiDeepLinkingRequest', target_link_uri: launchUrl, label: 'Cloche' },
        ],
      },
    }
  }
}
