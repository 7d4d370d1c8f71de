import { z } from 'zod'
import type { LtiRole } from '../../protocol/api/index.js'

const membership = 'http://purl.imsglobal.org/vocab/lis/v2/membership'

/** What claims are called. */
export const names = {
  messageType: 'https://purl.imsglobal.org/spec/lti/claim/message_type',
  version: 'https://purl.imsglobal.org/spec/lti/claim/version',
  roles: 'https://purl.imsglobal.org/spec/lti/claim/roles',
  deployment: 'https://purl.imsglobal.org/spec/lti/claim/deployment_id',
  targetUrl: 'https://purl.imsglobal.org/spec/lti/claim/target_link_uri',
  context: 'https://purl.imsglobal.org/spec/lti/claim/context',
  resourceLink: 'https://purl.imsglobal.org/spec/lti/claim/resource_link',
  custom: 'https://purl.imsglobal.org/spec/lti/claim/custom',
  presentation: 'https://purl.imsglobal.org/spec/lti/claim/launch_presentation',
  settings: 'https://purl.imsglobal.org/spec/lti-dl/claim/deep_linking_settings',
  items: 'https://purl.imsglobal.org/spec/lti-dl/claim/content_items',
  data: 'https://purl.imsglobal.org/spec/lti-dl/claim/data',
  lineItems: 'https://purl.imsglobal.org/spec/lti-ags/claim/endpoint',
  roster: 'https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice',
} as const

/** What Cloche asks a platform for. */
export const scopes = {
  lineItem: 'https://purl.imsglobal.org/spec/lti-ags/scope/lineitem',
  score: 'https://purl.imsglobal.org/spec/lti-ags/scope/score',
  roster: 'https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly',
} as const

const text = z.string().max(1000)
const url = z.url({ protocol: /^https?$/ }).max(2048)
const id = z.string().min(1).max(255)

/** What is read of an id_token whose signature is good. @see https://www.imsglobal.org/spec/lti/v1p3 */
export const launchClaims = z.object({
  sub: id,
  nonce: text,
  iat: z.number(),
  aud: z.union([z.string(), z.array(z.string())]),
  azp: z.string().optional(),
  ...{ name: text.optional(), given_name: text.optional(), family_name: text.optional() },
  [names.version]: z.literal('1.3.0'),
  [names.messageType]: z.enum(['LtiResourceLinkRequest', 'LtiDeepLinkingRequest']),
  [names.deployment]: id,
  [names.targetUrl]: text,
  [names.roles]: z.array(text).max(100).default([]),
  [names.context]: z.object({ id, title: text.optional(), label: text.optional() }).optional(),
  [names.resourceLink]: z.object({ id, title: text.optional() }).optional(),
  // Platforms put in what they like; only `assignment` is read.
  [names.custom]: z.object({ assignment: z.string().max(64).optional().catch(undefined) }).optional(),
  [names.presentation]: z
    .object({ return_url: z.string().max(2048).optional() })
    .optional()
    .catch(undefined),
  [names.settings]: z
    .object({
      deep_link_return_url: url,
      accept_types: z.array(text).default([]),
      data: z.string().max(8192).optional(),
    })
    .optional(),
  [names.lineItems]: z
    .object({
      scope: z.array(text).default([]),
      lineitems: url.optional(),
      lineitem: url.optional(),
    })
    .optional(),
  [names.roster]: z.object({ context_memberships_url: url }).optional(),
})
export type LaunchClaims = z.infer<typeof launchClaims>

/**
 * What somebody is in a course. Roles of the whole institution are not looked at: a platform makes nobody an administrator. Whoever is
 * an assistant besides a teacher, as platforms say it of assistants, is an assistant.
 * @returns undefined for roles that have no access
 */
export function roleIn(roles: readonly string[]): LtiRole | undefined {
  const has = (...wanted: readonly string[]) => wanted.some((one) => roles.includes(one))
  if (
    has(`${membership}/Instructor#TeachingAssistant`, `${membership}#TeachingAssistant`, 'TeachingAssistant')
  )
    return 'assistant'
  if (has(`${membership}#Instructor`, 'Instructor')) return 'teacher'
  if (has(`${membership}#Learner`, 'Learner')) return 'student'
  return undefined
}

const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** What a platform calls something, as Cloche can show it. */
export const shownName = (name: string | undefined, otherwise: string): string =>
  (name ?? '').replaceAll(invisible, '').trim().slice(0, 64).trim() || otherwise

/** The name of a person, as far as their platform tells it. */
export const personName = ({
  name,
  given_name: given,
  family_name: family,
}: Partial<Pick<LaunchClaims, 'name' | 'given_name' | 'family_name'>>): string =>
  shownName(name || [given, family].filter(Boolean).join(' '), 'No name')
