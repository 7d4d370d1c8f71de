import { z } from 'zod'
import { classBounds } from '../../protocol/api/index.js'
import type { PlatformPerson } from './accounts.js'
import { type PlatformCalls, PlatformError, type TokenIssuer } from './calls.js'
import { personName, roleIn } from './claims.js'

const containerType = 'application/vnd.ims.lti-nrps.v2.membershipcontainer+json'
const maxPages = 200
const maxMembers = classBounds.students + classBounds.staff

const text = z.string().max(1000)
const container = z.object({
  members: z.array(
    z.object({
      user_id: z.string().min(1).max(255),
      status: z.string().default('Active'),
      roles: z.array(text).max(100).default([]),
      name: text.nullish(),
      given_name: text.nullish(),
      family_name: text.nullish(),
    }),
  ),
})

/** Who is in a course. */
export interface Membership {
  readonly people: readonly PlatformPerson[]
  /** Active, and of no role that has access. */
  readonly skipped: number
}

/**
 * Reads the roster of a course, page by page. All of it or nothing: whoever is missing from it may be taken out of the class.
 * @throws PlatformError
 * @see https://www.imsglobal.org/spec/lti-nrps/v2p0
 */
export async function membershipOf(
  calls: PlatformCalls,
  platform: TokenIssuer,
  membershipsUrl: string,
): Promise<Membership> {
  const token = await calls.token(platform, 'roster')
  const { origin } = new URL(membershipsUrl)
  const people = new Map<string, PlatformPerson>()
  const seen = new Set<string>()
  let skipped = 0
  for (let url: string | undefined = membershipsUrl; url !== undefined; ) {
    if (seen.has(url) || seen.size >= maxPages) throw new PlatformError('its roster has no end')
    seen.add(url)
    // The token goes nowhere else, whatever the page says.
    if (new URL(url).origin !== origin) throw new PlatformError('its roster goes on at another host')
    const { body, link } = await calls.json(url, { token, accept: containerType })
    const read = container.safeParse(body)
    if (!read.success) throw new PlatformError('its roster is not as LTI 1.3 has it')
    for (const { user_id: subject, status, roles, name, given_name, family_name } of read.data.members) {
      if (status !== 'Active') continue
      const role = roleIn(roles)
      const called = personName({
        ...(name ? { name } : {}),
        ...(given_name ? { given_name } : {}),
        ...(family_name ? { family_name } : {}),
      })
      if (role === undefined) skipped++
      else people.set(subject, { subject, name: called, role })
    }
    if (people.size > maxMembers) throw new PlatformError(`its roster has more than ${maxMembers} people`)
    url = nextOf(link, url)
  }
  // In one order, whatever that of the pages is: a preview is compared with what is read later.
  const sorted = [...people.values()].toSorted((a, b) => (a.subject < b.subject ? -1 : 1))
  return { people: sorted, skipped }
}

/** The target of `rel="next"`. @see RFC 8288 */
export function nextOf(link: string | undefined, base: string): string | undefined {
  for (const [, target = '', parameters = ''] of (link ?? '').matchAll(/<([^>]*)>([^<]*)/g)) {
    if (
      /;\s*rel\s*=\s*"?(?:[^";]*\s)?next(?:\s[^";]*)?"?\s*(?:[;,]|$)/i.test(parameters) &&
      URL.canParse(target, base)
    ) {
      return new URL(target, base).href
    }
  }
  return undefined
}
