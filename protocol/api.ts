import { z } from 'zod'
import { sandboxId, tenantId } from './ids.js'
import { type limits, quota, quotaUsed } from './limits.js'
import { errorCode, node } from './runtime.js'
import { displayName, sandboxWithUsage } from './sandbox.js'
import { textWithoutNul } from './text.js'

/**
 * What people see under `/api/v1`, beside sandboxes (`sandbox.ts`), terminals and runs. Lists answer
 * `{items, nextCursor}`; everything that goes wrong answers `problem`.
 */

/** An error of the API: RFC 9457, `application/problem+json`. */
export const problem = z.object({
  type: z.string().describe('urn:cloche:problem:<code>'),
  title: z.string(),
  status: z.int(),
  code: errorCode,
  detail: z.string().describe('what is wrong, where, and what to do'),
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('one entry for each part of the request that is wrong'),
  existingId: z.string().optional().describe('of what has the name already, for `conflict`'),
})
export type Problem = z.infer<typeof problem>

export const page = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: textWithoutNul(128).optional().describe('`nextCursor` of the page before'),
})

export const listOf = <T extends z.ZodType>(item: T) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() })

/** What a member may do: `member` uses sandboxes, `admin` also manages members and keys, `owner` everything. */
export const role = z.enum(['owner', 'admin', 'member'])
export type Role = z.infer<typeof role>

export const tenant = z.object({ id: tenantId, name: z.string(), role })
export type Tenant = z.infer<typeof tenant>

/** Body of `POST /tenants` and `PATCH /tenant`. */
export const tenantName = z.strictObject({ name: displayName })

/** `GET /me`: who asks, and for which tenant. */
export const me = z.object({
  user: z
    .object({ id: z.string(), name: z.string(), email: z.string(), operator: z.boolean() })
    .nullable()
    .describe('null for an API key'),
  tenant,
  tenants: z.array(tenant),
})
export type Me = z.infer<typeof me>

export const member = z.object({
  userId: z.string(),
  name: z.string(),
  email: z.string(),
  role,
  joinedAt: z.iso.datetime(),
  apiKeys: z.number().describe('how many API keys of the tenant this person created'),
})
export type Member = z.infer<typeof member>

/** Query of `DELETE /members/{userId}`. */
export const removeMember = z.object({
  keys: z
    .enum(['revoke', 'transfer'])
    .default('revoke')
    .describe('what becomes of the API keys that this person created; `transfer` makes them yours'),
})
export const memberRemoved = z.object({ keysRevoked: z.number(), keysTransferred: z.number() })
export type MemberRemoved = z.infer<typeof memberRemoved>

export const changeMember = z.strictObject({ role })

/** Somebody who may join. Nothing is sent by mail: whoever invites hands the link over. */
export const invitation = z.object({
  id: z.string(),
  email: z.string(),
  role,
  expiresAt: z.iso.datetime(),
})
export type Invitation = z.infer<typeof invitation>

export const invite = z.strictObject({ email: z.email().max(254), role: role.default('member') })
/** Body of `POST /invitations/accept`. */
export const acceptInvitation = z.strictObject({ secret: z.string().min(16).max(128) })

/** `POST /invitations`. The link's secret stands behind `#`, where no log sees it. */
export const invited = invitation.extend({ url: z.string() })

export const apiKey = z.object({
  id: z.string(),
  name: z.string(),
  start: z.string().describe('first characters, to tell keys apart'),
  createdBy: z
    .object({ userId: z.string(), name: z.string(), email: z.string() })
    .nullable()
    .describe('the key works while this person is a member; null for keys of the installation'),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  lastUsedAt: z.iso.datetime().nullable(),
})
export type ApiKey = z.infer<typeof apiKey>

export const createApiKey = z.strictObject({
  name: displayName,
  expiresInDays: z.int().min(1).max(3650).optional(),
})
/** `POST /keys`: the only time that the key itself is shown. */
export const apiKeyCreated = apiKey.extend({ key: z.string() })

/** `GET /quota`: what a tenant may have, and what its sandboxes hold of it. */
export const quotaStatus = z.object({ limits: quota, used: quotaUsed })
export type QuotaStatus = z.infer<typeof quotaStatus>

/** One hour of one tenant. */
export const usageHour = z.object({
  hour: z.iso.datetime(),
  sandboxSeconds: z.number(),
  cpuSeconds: z.number(),
  memoryByteSeconds: z.number(),
  memoryPeakBytes: z.number(),
  diskByteSeconds: z.number(),
  diskReadBytes: z.number(),
  diskWriteBytes: z.number(),
  networkRxBytes: z.number(),
  networkTxBytes: z.number(),
})
export type UsageHour = z.infer<typeof usageHour>

/** Query of `GET /usage` and `GET /usage.csv`. Hours without use are left out. */
export const usageQuery = z.object({
  from: z.iso.datetime({ offset: true }).max(40).optional().describe('24 hours before `to` if absent'),
  to: z.iso.datetime({ offset: true }).max(40).optional().describe('now if absent'),
})
export type UsageQuery = z.infer<typeof usageQuery>
export const usageReport = z.object({
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  hours: z.array(usageHour),
})
export type UsageReport = z.infer<typeof usageReport>

export const auditEvent = z.object({
  id: z.string(),
  at: z.iso.datetime(),
  actor: z.string().describe('e-mail address of the user, or name of the key'),
  action: z.string().describe('such as sandbox.create'),
  target: z.string().nullable(),
  targetName: z
    .string()
    .nullable()
    .describe('name of a sandbox or e-mail address of a user, where it is known'),
  targetExists: z.boolean().describe('false once a sandbox is deleted'),
  detail: z.record(z.string(), z.unknown()),
})
export type AuditEvent = z.infer<typeof auditEvent>

/** Query of `GET /audit` and `GET /audit.csv`. */
export const auditQuery = z.object({
  actor: z.string().max(254).optional().describe('part of the name or address, upper or lower case'),
  action: z
    .string()
    .max(64)
    .regex(/^[a-z_]+(\.[a-z_]+)?$/, 'is not an action')
    .optional()
    .describe('such as `sandbox.create`, or `sandbox` for all of its kind'),
  target: z.string().max(64).optional().describe('id of what was changed'),
  from: z.iso.datetime({ offset: true }).max(40).optional(),
  to: z.iso.datetime({ offset: true }).max(40).optional(),
})
export type AuditQuery = z.infer<typeof auditQuery>

/** `GET /sandboxes/{id}/…` and the list carry live usage of what runs. */
export const sandboxList = listOf(sandboxWithUsage)

/** `GET /admin/node`. */
export const adminNode = node

/** `GET /admin/tenants`. */
export const adminTenant = z.object({
  id: tenantId,
  name: z.string(),
  createdAt: z.iso.datetime(),
  members: z.number(),
  quota,
  used: quotaUsed,
  paused: z.boolean(),
})
export type AdminTenant = z.infer<typeof adminTenant>

/** Body of `PATCH /admin/tenants/{id}`. */
export const changeTenant = z.strictObject({ quota: quota.partial().optional() })

/** Sizes that pages and the command line offer. A request may ask for any limits. */
export const sizes = {
  small: { cpus: 0.5, memoryMiB: 512, diskMiB: 2048, pids: 256 },
  medium: { cpus: 1, memoryMiB: 1024, diskMiB: 4096, pids: 512 },
  large: { cpus: 2, memoryMiB: 4096, diskMiB: 10_240, pids: 1024 },
} as const satisfies Record<string, z.infer<typeof limits>>

export const sandboxParams = z.object({ id: sandboxId })
