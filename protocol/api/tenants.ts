import { z } from 'zod'
import { classId, classPartId, tenantId } from './ids.js'
import { keyLimits } from './keys.js'
import { displayName, idlePolicy } from './sandbox.js'
import { changeStudentQuota } from './student-quota.js'

/** What a member may do: `member` uses sandboxes, `admin` also manages members and keys, `owner` everything. */
export const role = z.enum(['owner', 'admin', 'member', 'student'])
export type Role = z.infer<typeof role>

export const tenant = z.object({ id: tenantId, name: z.string(), role })
export type Tenant = z.infer<typeof tenant>

/** Body of `POST /tenants`. */
export const tenantName = z.strictObject({ name: displayName })

/** Body of `PATCH /tenant`. What is left out stays. */
export const updateTenant = z
  .strictObject({
    name: displayName.optional(),
    auditCommands: z
      .boolean()
      .optional()
      .describe('whether each command that is run in its sandboxes has an entry in the audit log'),
    idle: idlePolicy
      .nullable()
      .optional()
      .describe(
        'when new sandboxes are put to sleep, unless their template or somebody says otherwise; null: never',
      ),
    studentQuota: changeStudentQuota
      .optional()
      .describe('what one student may have at once where their class says nothing else; null is the default'),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'must change something')
export type UpdateTenant = z.infer<typeof updateTenant>

/** `GET /me`: who asks, and for which tenant. */
export const me = z.object({
  user: z
    .object({ id: z.string(), name: z.string(), email: z.string(), operator: z.boolean() })
    .nullable()
    .describe('null for an API key'),
  tenant: tenant.extend({
    auditCommands: z.boolean().describe('whether each command has an entry in the audit log'),
    idle: idlePolicy.nullable().describe('when new sandboxes are put to sleep; null: never'),
  }),
  tenants: z.array(tenant),
  key: z
    .object({ id: z.string(), limits: keyLimits.nullable().describe('null: none') })
    .nullable()
    .describe('the API key that the call was made with; null for a session'),
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

/** Query of `GET /members`. */
export const membersPage = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(1000)
    .optional()
    .describe('members of one page; all of them if absent'),
  cursor: z.string().max(64).optional().describe('`nextCursor` of the page before'),
})
export type MembersPage = z.infer<typeof membersPage>

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
  /** Null: whoever has the link or its code. */
  email: z.string().nullable(),
  role,
  maxUses: z.number(),
  uses: z.number().describe('how many have joined by it'),
  class: classId.nullable().describe('that whoever joins by it becomes a student of'),
  section: classPartId.nullable(),
  expiresAt: z.iso.datetime(),
})
export type Invitation = z.infer<typeof invitation>

const maxUses = 1000
const longestSeconds = 180 * 24 * 3600

/** Body of `POST /invitations`: for one person, or for a class. */
export const invite = z
  .strictObject({
    email: z
      .email()
      .max(254)
      .optional()
      .describe(
        'of the only one who may join; without it whoever has the link or its code becomes a student',
      ),
    role: role.optional().describe('`member` with an address, else `student`'),
    maxUses: z
      .int()
      .min(1)
      .max(maxUses)
      .optional()
      .describe('of a link without an address; 100 unless given'),
    expiresInSeconds: z
      .int()
      .min(60)
      .max(longestSeconds)
      .default(7 * 24 * 3600),
  })
  .refine(({ email, role: as }) => email !== undefined || as === undefined || as === 'student', {
    path: ['role'],
    error: 'a link without an email address makes students only; add the address of who is to join',
  })
  .refine(({ email, maxUses: uses }) => email === undefined || uses === undefined, {
    path: ['maxUses'],
    error: 'an invitation with an email address is for one person; leave `maxUses` out',
  })
export type Invite = z.infer<typeof invite>

/** Body of `POST /invitations/accept`: what stands behind `#` in the link, or the code of a class. */
export const acceptInvitation = z.strictObject({ secret: z.string().min(12).max(128) })

/** `POST /invitations`. The link's secret stands behind `#`, where no log sees it. */
export const invited = invitation.extend({
  url: z.string(),
  code: z.string().nullable().describe('the same as a few letters for a blackboard; null with an address'),
})
