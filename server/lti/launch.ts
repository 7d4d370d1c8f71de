import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { sha256 } from '../../common/digest.js'
import type { LtiPlatform } from '../../prisma/generated/client.js'
import type { Database } from '../database/client.js'
import { type LaunchClaims, launchClaims, names, personName, roleIn, scopes, shownName } from './claims.js'
import { type Login, type Logins, launchForm } from './login.js'
import { type PlatformKeys, refusedLaunch } from './platform-keys.js'

/** A page of a launch may stay open for so long. */
const launchSeconds = 3600
const url = z.string()

/** What a launch asks for: all that is known of it later. */
export const launchRequest = z.object({
  kind: z.enum(['resource', 'deep_linking']),
  ...{ subject: z.string(), name: z.string(), role: z.enum(['student', 'assistant', 'teacher']) },
  ...{ deployment: z.string(), contextId: z.string(), courseTitle: z.string() },
  resourceLinkId: z.string().nullable(),
  /** Of what was picked by deep linking. Of this tenant only if it is of the class. */
  assignment: z.string().nullable(),
  /** Null where the platform does not offer it: its roster, its list of line items to add to, and the one of this link. */
  ...{ membershipsUrl: url.nullable(), lineItemsUrl: url.nullable(), lineItemUrl: url.nullable() },
  returnUrl: url.nullable(),
  /** Of pages of the platform, which may frame those of its launches. */
  origins: z.array(z.string()),
  /** Of deep linking: comes back as it was. */
  data: z.string().nullable(),
})
export type LaunchRequest = z.infer<typeof launchRequest>

export interface Launch {
  readonly platform: LtiPlatform
  readonly request: LaunchRequest
}

/** Launches: whose token is good, and what their pages may do. */
export class Launches {
  constructor(
    private readonly database: Database,
    private readonly logins: Logins,
    private readonly keys: PlatformKeys,
  ) {}

  /**
   * Checks what came by the browser.
   * @throws ApiError `forbidden`
   */
  async receive(
    tenantId: string,
    form: unknown,
    browser: string | undefined,
  ): Promise<Launch & Pick<Login, 'sameBrowser'>> {
    const denied = z.object({ error: z.string().max(200), error_description: z.string().max(500).optional() })
    const refusal = denied.safeParse(form)
    if (refusal.success) {
      throw refusedLaunch(`the platform says ${refusal.data.error_description ?? refusal.data.error}`)
    }
    const read = launchForm.safeParse(form)
    if (!read.success) throw refusedLaunch('it has no state or no token')
    const { state, id_token } = read.data
    const login = await this.logins.find(tenantId, state, browser)
    const { platform, sameBrowser } = login
    const claims = launchClaims.safeParse(await this.keys.verify(platform, id_token))
    if (!claims.success) {
      const path = claims.error.issues[0]?.path.map(String).join(' ') ?? ''
      throw refusedLaunch(`the claim ${path} of its token is not as LTI 1.3 has it`)
    }
    const request = requestOf(platform, claims.data, login)
    await this.logins.redeem(login)
    return { platform, request, sameBrowser }
  }

  /** Keeps a launch for its page. @returns the ticket that the page has */
  async keep({ platform, request }: Launch): Promise<string> {
    const ticket = randomBytes(32).toString('base64url')
    await this.database.pool.query(
      `INSERT INTO lti_launch (hash, "platformId", request, "expiresAt")
       VALUES ($1, $2, $3, now() AT TIME ZONE 'UTC' + interval '${launchSeconds} seconds')`,
      [sha256(ticket), platform.id, JSON.stringify(request)],
    )
    return ticket
  }

  /**
   * What the page of a ticket is about.
   * @param use `end`: the ticket is used up by this
   * @throws ApiError `forbidden` when it is used up or old
   */
  async find(ticket: string, use: 'look' | 'end'): Promise<Launch> {
    const open = `WHERE hash = $1 AND "expiresAt" > now() AT TIME ZONE 'UTC'`
    const { rows } = await this.database.pool.query(
      use === 'end'
        ? `DELETE FROM lti_launch ${open} RETURNING "platformId", request`
        : `SELECT "platformId", request FROM lti_launch ${open}`,
      [sha256(ticket)],
    )
    const found = z.object({ platformId: z.string(), request: launchRequest }).safeParse(rows[0])
    if (!found.success) throw refusedLaunch('it was used already, or is older than an hour')
    const platform = await this.database.prisma.ltiPlatform.findUnique({
      where: { id: found.data.platformId },
    })
    if (platform === null) throw refusedLaunch('its platform is not registered any more')
    return { platform, request: found.data.request }
  }
}

/** @throws ApiError `forbidden` */
function requestOf(
  platform: LtiPlatform,
  claims: LaunchClaims,
  login: Pick<Login, 'nonce' | 'targetUrl'>,
): LaunchRequest {
  if (claims.nonce !== login.nonce) throw refusedLaunch('its token belongs to another launch')
  const deployment = claims[names.deployment]
  if (!platform.deployments.includes(deployment)) {
    throw refusedLaunch(
      `the deployment ID ${deployment} of ${platform.name} is not accepted here; an owner can add it in the settings`,
    )
  }
  if (claims[names.targetUrl] !== login.targetUrl)
    throw refusedLaunch('it leads elsewhere than it was begun for')
  const role = roleIn(claims[names.roles])
  if (role === undefined) {
    throw refusedLaunch('your role in this course is none of teacher, assistant and student')
  }
  const context = claims[names.context]
  if (context === undefined) throw refusedLaunch('it was not opened from a course')
  const isResource = claims[names.messageType] === 'LtiResourceLinkRequest'
  const resourceLink = claims[names.resourceLink]
  const settings = claims[names.settings]
  if (isResource && resourceLink === undefined)
    throw refusedLaunch('its token does not say which link was opened')
  if (!isResource && settings === undefined) throw refusedLaunch('its token does not say what can be picked')
  if (!isResource && role === 'student') throw refusedLaunch('students cannot pick content of a course')
  const grades = claims[names.lineItems]
  const maySend = grades?.scope.includes(scopes.score) === true
  return {
    ...{
      kind: isResource ? 'resource' : 'deep_linking',
      subject: claims.sub,
      name: personName(claims),
      role,
    },
    ...{ deployment, contextId: context.id },
    courseTitle: shownName(context.title ?? context.label, 'Course'),
    resourceLinkId: isResource ? (resourceLink?.id ?? null) : null,
    assignment: claims[names.custom]?.assignment ?? null,
    membershipsUrl: claims[names.roster]?.context_memberships_url ?? null,
    lineItemsUrl: maySend && grades?.scope.includes(scopes.lineItem) ? (grades.lineitems ?? null) : null,
    lineItemUrl: maySend ? (grades?.lineitem ?? null) : null,
    origins: originsOf([
      ...[platform.issuer, platform.authUrl, claims[names.presentation]?.return_url],
      ...[settings?.deep_link_return_url, claims[names.roster]?.context_memberships_url, grades?.lineitems],
    ]),
    returnUrl: settings?.deep_link_return_url ?? null,
    data: settings?.data ?? null,
  }
}

const originsOf = (urls: readonly (string | undefined)[]): string[] =>
  [
    ...new Set(urls.flatMap((url) => (url !== undefined && URL.canParse(url) ? [new URL(url).origin] : []))),
  ].filter((origin) => origin !== 'null')
