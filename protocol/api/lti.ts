import { z } from 'zod'
import { assignmentId, ltiPlatformId } from './ids.js'
import { displayName } from './sandbox.js'

export const ltiBounds = { platforms: 20, deployments: 50, registrationSeconds: 3600 } as const

const address = z.url({ protocol: /^https?$/ }).max(2048)
const opaque = z
  .string()
  .trim()
  .min(1)
  .max(255)
  .regex(/^[\x21-\x7e]+$/, 'must be ASCII without spaces')

const platform = {
  name: displayName,
  issuer: address.describe('as the platform says it: also called platform ID'),
  clientId: opaque.describe('that the platform has given Cloche'),
  authUrl: address.describe('authentication request URL of the platform'),
  tokenUrl: address.describe('access token URL of the platform'),
  jwksUrl: address.describe('public keyset URL of the platform'),
  deployments: z
    .array(opaque)
    .max(ltiBounds.deployments)
    .describe('deployment IDs whose launches are accepted; others are refused'),
} as const

/** Body of `POST /lti/platforms`. */
export const addLtiPlatform = z.strictObject(platform)
export type AddLtiPlatform = z.infer<typeof addLtiPlatform>

/** Body of `PATCH /lti/platforms/{id}`. Issuer and client ID stay: accounts of its people belong to them. */
export const changeLtiPlatform = z
  .strictObject({
    name: platform.name.optional(),
    authUrl: platform.authUrl.optional(),
    tokenUrl: platform.tokenUrl.optional(),
    jwksUrl: platform.jwksUrl.optional(),
    deployments: platform.deployments.optional(),
  })
  .refine((wanted) => Object.keys(wanted).length > 0, 'nothing is to be changed')
export type ChangeLtiPlatform = z.infer<typeof changeLtiPlatform>

export const ltiPlatformParams = z.object({ id: ltiPlatformId })

/** A learning platform (Moodle, Canvas) whose people are let in by LTI 1.3. */
export const ltiPlatform = z.object({
  id: ltiPlatformId,
  ...platform,
  createdBy: z.string(),
  createdAt: z.iso.datetime(),
})
export type LtiPlatform = z.infer<typeof ltiPlatform>

/** What to enter in a platform. It is the same for all platforms of a tenant. */
export const ltiTool = z.object({
  loginUrl: z.url().describe('initiate login URL'),
  launchUrl: z.url().describe('tool URL, redirection URI and content selection URL'),
  jwksUrl: z.url().describe('public keyset URL'),
})
export type LtiTool = z.infer<typeof ltiTool>

/** `GET /lti/platforms`. */
export const ltiPlatformList = z.object({ tool: ltiTool, items: z.array(ltiPlatform) })
export type LtiPlatformList = z.infer<typeof ltiPlatformList>

/** `POST /lti/registrations`. */
export const ltiRegistrationLink = z.object({
  url: z.url().describe('for the dynamic registration of the platform; it works once'),
  expiresAt: z.iso.datetime(),
})
export type LtiRegistrationLink = z.infer<typeof ltiRegistrationLink>

export const ltiScoreState = z.enum(['due', 'sent', 'failed'])
export type LtiScoreState = z.infer<typeof ltiScoreState>

const counts = { due: z.int(), sent: z.int(), failed: z.int() }

/** The course of a platform that a class is bound to. */
export const ltiCourse = z.object({
  platform: z.object({ id: ltiPlatformId, name: z.string() }),
  title: z.string(),
  boundBy: z.string(),
  boundAt: z.iso.datetime(),
  syncedAt: z.iso.datetime().nullable().describe('when its roster was applied last'),
  roster: z.boolean().describe('whether the platform offers its roster'),
  links: z
    .array(z.object({ assignment: assignmentId, title: z.string(), graded: z.boolean(), ...counts }))
    .describe(
      'assignments that the course links to; `graded`: points can be told. Counts are of students: `due` is sent again by itself, `failed` was tried often enough',
    ),
  failures: z
    .array(
      z.object({
        student: z.string(),
        title: z.string(),
        state: ltiScoreState,
        tries: z.int(),
        message: z.string(),
      }),
    )
    .describe('points that the platform has not taken, with the reason; at most 50'),
})
export type LtiCourse = z.infer<typeof ltiCourse>

/** `GET /classes/{id}/course`. */
export const ltiCourseStatus = z.object({ course: ltiCourse.nullable() })

const role = z.enum(['student', 'assistant', 'teacher'])
export type LtiRole = z.infer<typeof role>

/** `POST /classes/{id}/course/roster/preview`: what applying the roster of the platform would do. */
export const ltiRosterPreview = z.object({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  added: z.array(z.object({ name: z.string(), role })),
  changed: z.array(z.object({ name: z.string(), role, from: z.string(), to: z.string() })),
  removed: z
    .array(z.object({ name: z.string(), role }))
    .describe('people of this platform who are not active in its course any more; their work is kept'),
  unchanged: z.int(),
  skipped: z.int().describe('members of the course without a role that Cloche knows'),
})
export type LtiRosterPreview = z.infer<typeof ltiRosterPreview>

/** Body of `POST /classes/{id}/course/roster`. */
export const applyLtiRoster = z.strictObject({ digest: ltiRosterPreview.shape.digest })

/** `POST /classes/{id}/course/scores`. */
export const ltiScoresAgain = z.object({ count: z.int().describe('how many are sent again now') })
